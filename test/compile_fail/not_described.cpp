// expect: pgq::decode needs a described struct (BOOST_HANA_DEFINE_STRUCT) with a static member event_type
// max-errors: 1
#include <support/mistakes.hpp>

struct invoice {
    static constexpr std::string_view event_type = "invoice";
#if REJECT
    long total;
#else
    BOOST_HANA_DEFINE_STRUCT(invoice, (long, total));
#endif
};

pgq::consumer const billing{orders, pgq::decode<invoice>{}, [](invoice const&) {}};
