/// kill_producer CONNINFO QUEUE: stores a row of `produced` and its event in one transaction, again and again, until
/// SIGTERM, and prints the row's number once it is committed. Gets over lost sessions by itself, so that killing the
/// server does not end it.
#include "order.hpp"

#include <pgq/codec/integer.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/transaction.hpp>
#include <pgq/producer.hpp>
#include <pgq/stop.hpp>

#include <chrono>
#include <cstdio>
#include <stop_token>
#include <string>
#include <thread>

namespace {

void produce(std::string const& conninfo, std::string const& queue, std::stop_token const& stop) {
    pgq::libpq::connection db{conninfo, {.stop = stop}};
    pgq::producer out{db, queue};
    while (!stop.stop_requested()) {
        pgq::libpq::transaction scope{db};
        auto const rows = pgq::query(db, "insert into produced default values returning id");
        auto const id = pgq::value_of<std::int64_t>(rows, 0, 0);
        out.insert(order{id});
        scope.commit();
        std::printf("%lld\n", static_cast<long long>(id));
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    auto const signals = pgq::stop_on_signals();
    while (!signals.token().stop_requested()) {
        try {
            produce(argv[1], argv[2], signals.token());
        } catch (pgq::stopped const&) { break; } catch (pgq::error const& trouble) {
            if (!trouble.transient()) {
                std::fprintf(stderr, "kill_producer: %s\n", trouble.what());
                return 1;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
    }
    return 0;
}
