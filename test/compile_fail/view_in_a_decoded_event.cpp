// expect: pgq: a field of type std::string_view can be written but not read, as escapes are resolved in a text that is gone afterwards: use std::string
// max-errors: 1
#include <support/mistakes.hpp>

struct greeting {
    static constexpr std::string_view event_type = "greeting";
#if REJECT
    BOOST_HANA_DEFINE_STRUCT(greeting, (std::string_view, text));
#else
    BOOST_HANA_DEFINE_STRUCT(greeting, (std::string, text));
#endif
};

pgq::consumer const greeter{orders, pgq::decode<greeting>{}, [](greeting const&) {}};
