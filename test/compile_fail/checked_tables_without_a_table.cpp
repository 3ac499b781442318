// expect: pgq::checked_tables finds no table to check: it needs decode<change<Row>> or on<change<Row>>(...)
// max-errors: 1
#include <pgq/policy/checked_tables.hpp>

#include <support/mistakes.hpp>

struct customer {
#if !REJECT
    static constexpr std::string_view table = "public.customer";
#endif
    BOOST_HANA_DEFINE_STRUCT(customer, (int, id));
};

pgq::consumer const billing{
    orders,
    pgq::checked_tables{},
    pgq::decode<pgq::change<customer>>{},
    [](pgq::change<customer> const&) {},
};
