/// kill_consumer same_transaction|at_least_once CONNINFO QUEUE CONSUMER: writes each order into the table `consumed`,
/// in the batch's own transaction or by a session of its own. Ends on SIGTERM, and with status 3 when it was fenced.
#include "order.hpp"

#include <pgq/pgq.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view store = "insert into consumed (consumer, id) values ($1, $2)";

void exactly_once(std::string const& conninfo, std::string const& queue, std::string const& name,
                  pgq::signal_stop const& stop) {
    pgq::consumer consumer{
        pgq::subscription{queue, name}, pgq::same_transaction{}, pgq::decode<order>{},
        [&](order const& o, pgq::event const&, auto& session) { pgq::query(session, store, name, o.id); }};
    pgq::run(consumer, conninfo, stop.token());
}

void at_least_once(std::string const& conninfo, std::string const& queue, std::string const& name,
                   pgq::signal_stop const& stop) {
    std::optional<pgq::libpq::connection> side;
    pgq::consumer consumer{pgq::subscription{queue, name}, pgq::at_least_once{}, pgq::decode<order>{},
                           [&](order const& o) {
                               if (!side || side->closed()) side.emplace(conninfo);
                               pgq::query(*side, store, name, o.id);
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
