/// kill_consumer same_transaction|at_least_once CONNINFO QUEUE CONSUMER: writes each order into the table `consumed`,
/// in the batch's own transaction or by a session of its own; an order with "again" in ev_extra1 it hands back once.
/// Ends on SIGTERM, and with status 3 when it was fenced.
#include "order.hpp"

#include <pgq/pgq.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

namespace {

constexpr std::string_view store = "insert into consumed (consumer, id) values ($1, $2)";

bool comes_again(pgq::event const& ev) {
    return ev.extra[0] == "again" && ev.retry == 0;
}

void exactly_once(std::string const& conninfo, std::string const& queue, std::string const& name,
                  pgq::signal_stop const& stop) {
    pgq::consumer consumer{pgq::subscription{queue, name}, pgq::same_transaction{}, pgq::decode<order>{},
                           [&](order const& o, pgq::event const& ev, auto& session) {
                               if (comes_again(ev)) return pgq::retry_in(0s);
                               pgq::query(session, store, name, o.id);
                               return pgq::done();
                           }};
    pgq::run(consumer, conninfo, stop.token());
}

void at_least_once(std::string const& conninfo, std::string const& queue, std::string const& name,
                   pgq::signal_stop const& stop) {
    std::optional<pgq::libpq::connection> side;
    pgq::consumer consumer{pgq::subscription{queue, name}, pgq::at_least_once{}, pgq::decode<order>{},
                           [&](order const& o, pgq::event const& ev) {
                               if (comes_again(ev)) return pgq::retry_in(0s);
                               if (!side || side->closed()) side.emplace(conninfo);
                               pgq::query(*side, store, name, o.id);
                               return pgq::done();
                           }};
    pgq::run(consumer, conninfo, stop.token());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    auto const stop = pgq::stop_on_signals();
    try {
        bool const exact = std::string_view{argv[1]} == "same_transaction";
        (exact ? exactly_once : at_least_once)(argv[2], argv[3], argv[4], stop);
    } catch (pgq::fenced_error const& trouble) {
        std::fprintf(stderr, "kill_consumer: %s\n", trouble.what());
        return 3;
    } catch (pgq::error const& trouble) {
        std::fprintf(stderr, "kill_consumer: %s\n", trouble.what());
        return 1;
    }
    return 0;
}
