/// kill_member CONNINFO QUEUE CONSUMER MEMBER DEAD_AFTER: one of several who share the work of one consumer. Writes
/// each order into the table `consumed`, in the batch's own transaction. DEAD_AFTER is in milliseconds. Ends on
/// SIGTERM, and with status 3 when it was fenced.
#include "order.hpp"

#include <pgq/pgq.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

int main(int argc, char** argv) try {
    if (argc != 6) return 2;
    auto const stop = pgq::stop_on_signals();
    std::string const member{argv[4]};
    std::chrono::milliseconds const dead_after{std::stol(argv[5])};
    pgq::consumer consumer{pgq::coop_subscription{argv[2], argv[3], member, dead_after}, pgq::same_transaction{},
                           pgq::decode<order>{}, [&](order const& o, pgq::event const&, pgq::transport auto& session) {
                               pgq::query(session, "insert into consumed (consumer, id) values ($1, $2)", member, o.id);
                               std::this_thread::sleep_for(std::chrono::milliseconds{2});
                           }};
    pgq::run(consumer, argv[1], stop.token());
} catch (pgq::fenced_error const& trouble) {
    std::fprintf(stderr, "kill_member: %s\n", trouble.what());
    return 3;
} catch (std::exception const& trouble) {
    std::fprintf(stderr, "kill_member: %s\n", trouble.what());
    return 1;
}
