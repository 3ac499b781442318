// expect: pgq: this handler takes a session: it needs same_transaction before the stages, a transport that the handler accepts
// expect: pgq: a std::string_view would outlive the text that an array is read from: use std::string
// expect: pgq::log_to needs a callable with (log_level, string_view), const
// expect: pgq::decode needs a format with E read<E>(std::string_view), for the E and Format named above
// expect: pgq::transform: the function must return the value to hand on
// expect: pgq: versions count from 1
// max-errors: 6
#include <pgq/codec/array.hpp>
#include <pgq/log.hpp>

#include <support/mistakes.hpp>

#if REJECT
using text = std::string_view;
constexpr int first_version = 0;
constexpr auto log = [](std::string_view) {};
constexpr auto price = [](order_placed const&) {};
#else
using text = std::string;
constexpr int first_version = 1;
constexpr auto log = [](pgq::log_level, std::string_view) {};
constexpr auto price = [](order_placed const& order) { return order.cents; };
#endif

auto const words = pgq::codec<std::vector<text>>::parse("{}");
pgq::log_to const elsewhere{pgq::log_level::info, log};
pgq::consumer const priced{orders, pgq::decode<order_placed>{}, pgq::transform{price}, [](auto const&) {}};

struct write_only {
    static void append(std::string&, auto const&) {}
#if !REJECT
    template <class E> static E read(std::string_view) { return {}; }
#endif
};
pgq::consumer const blind{orders, pgq::decode<order_placed, write_only>{}, [](order_placed const&) {}};

struct paid {
    static constexpr std::string_view event_type = "paid";
    static constexpr int version = first_version;
    BOOST_HANA_DEFINE_STRUCT(paid, (int, id));
};
pgq::consumer const paying{orders, pgq::decode<paid>{}, [](paid const&) {}};

void work(support::scripted_session& db) {
#if REJECT
    constexpr auto handler = [](pgq::event const&, std::string&) {};
#else
    constexpr auto handler = [](pgq::event const&, auto&) {};
#endif
    pgq::consumer billing{orders, pgq::same_transaction{}, pgq::whole_batch{}, handler};
    billing.step(db);
}
