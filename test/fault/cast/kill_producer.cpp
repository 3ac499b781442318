/// kill_producer CONNINFO QUEUE: stores a row of `produced` and its event in one transaction, again and again, until
/// SIGTERM, and prints the row's number once it is committed.
#include "go_on.hpp"
#include "order.hpp"

#include <pgq/codec/integer.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/transaction.hpp>
#include <pgq/producer.hpp>

#include <cstdio>
#include <stop_token>
#include <string>

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
    return go_on("kill_producer", [&](std::stop_token const& stop) { produce(argv[1], argv[2], stop); });
}
