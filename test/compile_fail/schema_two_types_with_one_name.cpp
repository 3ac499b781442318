// expect: pgq::schema: the two types named above have one event type, or one table
// max-errors: 1
#include <pgq/stage/match_all.hpp>

#include <support/mistakes.hpp>

struct order_noted {
#if REJECT
    static constexpr std::string_view event_type = order_placed::event_type;
#else
    static constexpr std::string_view event_type = "order.noted";
#endif
    BOOST_HANA_DEFINE_STRUCT(order_noted, (int, id));
};

using all = pgq::schema<order_placed, order_noted>;

pgq::consumer const billing{orders, pgq::match_all<all>(pgq::on<order_placed>([](order_placed const&) {}),
                                                        pgq::otherwise([](pgq::event const&) {}))};
