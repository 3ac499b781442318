// Puts orders into a queue: one event in a call of its own, then many by COPY.
//
//     typed_producer 'dbname=shop'
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};

int main(int argc, char** argv) try {
    pgq::libpq::connection db{argc > 1 ? argv[1] : "dbname=shop"};

    pgq::producer orders{db, "orders"};
    std::printf("one order is event %lld\n", 0LL + orders.insert(order_placed{1, "ann", 250}));

    pgq::producer imported{db, "orders", pgq::insert_copy{}};
    for (std::int64_t id = 2; id <= 1000; ++id)
        imported.insert(order_placed{id, "bob & sons", 100});
    std::printf("%llu more by COPY\n", 0ULL + imported.finish());
} catch (std::exception const& failure) {
    std::fprintf(stderr, "typed_producer: %s\n", failure.what());
    return 1;
}
