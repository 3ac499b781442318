// expect: pgq: a row's text has no names by which unknown fields could be kept, for the struct named above
// max-errors: 1
#include <pgq/payload/row_text.hpp>
#include <pgq/payload/unknown_fields.hpp>

#include <support/mistakes.hpp>

struct offer {
    static constexpr std::string_view event_type = "offer";
#if REJECT
    pgq::kept_fields unknown_fields{};
#else
    static constexpr pgq::refused_fields unknown_fields{};
#endif
    BOOST_HANA_DEFINE_STRUCT(offer, (int, id), (int, cents));
};

pgq::consumer const billing{orders, pgq::decode<offer, pgq::row_text>{}, [](offer const&) {}};
