/// A server in memory with a queue and a consumer that notes what it gets.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/testing/server.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace support {

struct shop {
    pgq::testing::server db;
    std::vector<std::string> seen;
    pgq::subscription const source{"orders", "billing"};

    auto reader() {
        return pgq::consumer{source, [this](pgq::event const& ev) { seen.emplace_back(ev.data); }};
    }
    shop() {
        db.create_queue("orders");
        auto consumer = reader();
        consumer.subscribe(db);
    }
    std::vector<std::string> step() {
        seen.clear();
        static_cast<void>(reader().step(db));
        return seen;
    }
    void put(std::string_view data) {
        db.put("orders", {.type = "t", .data = data});
        db.tick();
    }
};

}  // namespace support
