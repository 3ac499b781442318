// expect: pgq: `defaulted` lists a name that is no field of the struct named above
// max-errors: 1
#include <support/mistakes.hpp>

#include <array>

struct offer {
    static constexpr std::string_view event_type = "offer";
#if REJECT
    static constexpr std::array defaulted{"sents"};
#else
    static constexpr std::array defaulted{"cents"};
#endif
    BOOST_HANA_DEFINE_STRUCT(offer, (int, id), (int, cents));
};

pgq::consumer const billing{orders, pgq::decode<offer>{}, [](offer const&) {}};
