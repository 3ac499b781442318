// expect: pgq::raw reads and writes structs with one field, which has a codec, unlike the one named above
// max-errors: 1
#include <pgq/payload/raw.hpp>

#include <support/mistakes.hpp>

struct greeting {
    static constexpr std::string_view event_type = "greeting";
#if REJECT
    BOOST_HANA_DEFINE_STRUCT(greeting, (std::string, text), (int, times));
#else
    BOOST_HANA_DEFINE_STRUCT(greeting, (std::string, text));
#endif
};

pgq::consumer const greeter{orders, pgq::decode<greeting, pgq::raw>{}, [](greeting const&) {}};
