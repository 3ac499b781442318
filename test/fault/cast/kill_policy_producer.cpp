/// kill_policy_producer delayed|once CONNINFO QUEUE: makes orders until SIGTERM. With `delayed` a row of `produced` and
/// its event, which is to come within 0.3 seconds, are stored in one transaction. With `once` each has a transaction of
/// its own: first the row, which is not `told`; then the event, with the row's number as key; then the row is told.
/// Rows that a predecessor left untold are told first, whether their events are there or not. Prints the row's number
/// when all is done.
#include "go_on.hpp"
#include "order.hpp"

#include <pgq/codec/integer.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/transaction.hpp>
#include <pgq/producer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

namespace {

using pgq::libpq::connection;
using producer = pgq::producer<connection>;

void done(std::int64_t id) {
    std::printf("%lld\n", static_cast<long long>(id));
    std::fflush(stdout);
}

void delayed(connection& db, producer& out, std::stop_token const& stop) {
    while (!stop.stop_requested()) {
        pgq::libpq::transaction scope{db};
        auto const rows = pgq::query(db, "insert into produced default values returning id");
        auto const id = pgq::value_of<std::int64_t>(rows, 0, 0);
        out.insert(order{id}, pgq::deliver_after{std::chrono::milliseconds{id * 7 % 300}});
        scope.commit();
        done(id);
    }
}

void tell(connection& db, producer& out, std::int64_t id) {
    out.insert_once(std::to_string(id), 1h, order{id});
    pgq::query(db, "update produced set told = true where id = $1", id);
    done(id);
}

void once(connection& db, producer& out, std::stop_token const& stop) {
    auto const left = pgq::query(db, "select id from produced where not told order by id");
    for (std::size_t row = 0; row < left.size(); ++row)
        tell(db, out, pgq::value_of<std::int64_t>(left, row, 0));
    while (!stop.stop_requested()) {
        auto const rows = pgq::query(db, "insert into produced (told) values (false) returning id");
        tell(db, out, pgq::value_of<std::int64_t>(rows, 0, 0));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    return go_on("kill_policy_producer", [&](std::stop_token const& stop) {
        connection db{argv[2]};
        producer out{db, argv[3]};
        (std::string_view{argv[1]} == "once" ? once : delayed)(db, out, stop);
    });
}
