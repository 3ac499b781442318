// A policy and a stage of one's own: values with the right call, nothing to derive from and nothing to register.
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::int32_t, cents));
};

struct bank_closed : std::exception {};

struct when_the_bank_opens {  // retry policy: when to try again; nothing means never
    std::optional<std::chrono::seconds> operator()(int retries, std::exception const& failure) const {
        if (dynamic_cast<bank_closed const*>(&failure) == nullptr || retries == 3) return std::nullopt;
        return std::chrono::seconds{1};
    }
};

struct up_to {  // stage: hands on what it likes, and says what becomes of the rest
    std::int32_t cents;
    pgq::outcome operator()(order_placed const& order, pgq::event const&, auto const& next) const {
        return order.cents <= cents ? next(order) : pgq::dead_letter("too much for a machine to decide");
    }
};

int main(int argc, char** argv) try {
    std::string const shop = argc > 1 ? argv[1] : "dbname=shop";
    auto const bill = [](order_placed const& order, pgq::event const& ev) {
        if (order.cents > 1000 && ev.retry == 0) throw bank_closed{};
        std::printf("order %lld billed at attempt %d\n", 0LL + order.id, ev.retry + 1);
    };
    pgq::consumer billing{pgq::subscription{"orders", "billing"}, pgq::decode<order_placed>{}, up_to{.cents = 100'000},
                          pgq::retry{when_the_bank_opens{}}, bill};
    pgq::libpq::connection db{shop};
    billing.subscribe(db);
    pgq::run(billing, shop, pgq::stop_on_signals());
} catch (std::exception const& failure) { return std::fprintf(stderr, "billing: %s\n", failure.what()), 1; }
