// expect: pgq: structs inside of structs, and vectors of them, travel in JSON only: take pgq::json, or a field of type pgq::json_text, for the T named above
// max-errors: 1
#include <pgq/payload/json.hpp>

#include <support/mistakes.hpp>

struct line {
    BOOST_HANA_DEFINE_STRUCT(line, (std::string, article), (int, pieces));
};
struct basket {
    static constexpr std::string_view event_type = "basket";
    BOOST_HANA_DEFINE_STRUCT(basket, (int, id), (line, first));
};

#if REJECT
using format = pgq::urlencoded;
#else
using format = pgq::json;
#endif

pgq::consumer const billing{orders, pgq::decode<basket, format>{}, [](basket const&) {}};
