// Takes one batch of the queue "orders" as CONSUMER, whose orders a typed handler adds up. Prints: events, seconds,
// seconds of the client's processor time, the most memory that it ever had, in KiB, and seconds of the server's
// processor time. With a PASSES above 1 it takes the same batch so often, and prints the figures of the last time: a
// new server process maps each page of the shared buffers when it first reads it, which a consumer that lives does
// once.
//     consume CONNINFO CONSUMER HOW [PASSES]
#include "bare.hpp"
#include "orders.hpp"
#include "stopwatch.hpp"

#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace {

void show(std::uint64_t events, stopwatch const& taken) {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::printf("%llu %.6f %.6f %ld %.6f\n", 0ULL + events, taken.seconds(), taken.client_seconds(), used.ru_maxrss,
                taken.server_seconds());
}

std::int64_t handled = 0;  // so that the compiler cannot do without the work
int passes = 1;

template <class... Parts> void consume(char const* conninfo, char const* name, Parts... parts) {
    pgq::libpq::connection db{conninfo};
    pgq::consumer consumer{pgq::subscription{"orders", name}, parts...};
    for (int pass = 1; pass < passes; ++pass) {
        consumer.step(db);
        pgq::seek(db, consumer.source(), pgq::seek_to::start);
    }
    stopwatch const taken{db.backend_pid()};
    auto const report = consumer.step(db);
    show(report ? report->counts.events : 0, taken);
}

constexpr auto add_up = [](order_placed const& order) { handled += order.cents; };
constexpr auto add_up_raw = [](pgq::event const& ev) { handled += static_cast<std::int64_t>(ev.data.size()); };

/// Touches each value, as whoever wants to do something with the rows.
void look_at(PGresult const* rows) {
    int const columns = PQnfields(rows);
    for (int row = 0, last = PQntuples(rows); row < last; ++row) {
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(rows, row, column) == 1) continue;
            handled += *PQgetvalue(rows, row, column) + PQgetlength(rows, row, column);
        }
    }
}

constexpr auto columns =
    "ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4";

/// Touches each value of a row of a binary COPY.
void look_at(std::string_view row) {
    auto const number = [&](std::size_t size) {
        std::int64_t value = 0;
        for (char const byte : row.substr(0, size))
            value = value << 8 | static_cast<unsigned char>(byte);
        row.remove_prefix(size);
        return value;
    };
    for (auto left = number(2); left > 0; --left) {
        auto const size = static_cast<std::size_t>(number(4));
        if (size == 0xFFFF'FFFF) continue;
        handled += static_cast<std::int64_t>(size) + row.front();
        row.remove_prefix(size);
    }
}

/// The whole batch by COPY, put in order by the server, as nobody would do better by hand without sorting himself.
std::uint64_t copy_out(bare::session const& db, std::string const& batch) {
    constexpr std::size_t header = 19;
    auto const text = bare::execute(db, ("select pgq.batch_event_sql(" + batch + ")").c_str());
    auto const begun = bare::execute(
        db, ("copy (" + std::string{PQgetvalue(text.get(), 0, 0)} + ") to stdout (format binary)").c_str());
    std::uint64_t pieces = 0;
    char* piece = nullptr;
    for (int size = 0; (size = PQgetCopyData(db.get(), &piece, 0)) > 0; PQfreemem(piece)) {
        std::string_view row{piece, static_cast<std::size_t>(size)};
        if (pieces++ == 0) row.remove_prefix(header);
        if (row.size() > 2) look_at(row);
    }
    bare::checked(db, PQgetResult(db.get()));
    bare::rows const last{PQgetResult(db.get())};
    return pieces - 1;
}

enum class bare_way { whole, cursor, copy };

/// The same statements as by the framework, without the framework.
std::uint64_t take_batch(bare::session const& db, std::string const& name, bare_way way) {
    bool const by_cursor = way == bare_way::cursor;
    auto const binary = [&](std::string const& text) {
        return bare::checked(db, PQexecParams(db.get(), text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1));
    };
    bare::rows const next = bare::execute(db, ("select pgq.next_batch('orders', '" + name + "')").c_str());
    std::string const batch = PQgetvalue(next.get(), 0, 0);
    std::uint64_t events = 0;
    if (by_cursor) {
        bare::execute(db, "begin");
        auto rows =
            binary(std::string{"select "} + columns + " from pgq.get_batch_cursor(" + batch + ", 'orders', 4000)");
        while (PQntuples(rows.get()) > 0) {
            look_at(rows.get());
            events += static_cast<std::uint64_t>(PQntuples(rows.get()));
            rows = binary("fetch 4000 from orders");
        }
    } else if (way == bare_way::copy) {
        events = copy_out(db, batch);
    } else {
        auto const rows = binary(std::string{"select "} + columns + " from pgq.get_batch_events(" + batch + ")");
        look_at(rows.get());
        events = static_cast<std::uint64_t>(PQntuples(rows.get()));
    }
    bare::execute(db, ("select pgq.finish_batch(" + batch + ")").c_str());
    if (by_cursor) bare::execute(db, "commit");
    return events;
}

void consume_bare(char const* conninfo, std::string const& name, bare_way way) {
    auto const db = bare::connect(conninfo);
    for (int pass = 1; pass < passes; ++pass) {
        take_batch(db, name, way);
        bare::execute(db, ("select pgq.seek_start('orders', '" + name + "')").c_str());
    }
    stopwatch const taken{PQbackendPID(db.get())};
    show(take_batch(db, name, way), taken);
}

bool run(std::string_view how, char const* conninfo, char const* name) {
    pgq::decode<order_placed> const typed;
    pgq::same_transaction const together;
    if (how == "default") consume(conninfo, name, typed, add_up);
    else if (how == "whole") consume(conninfo, name, pgq::whole_batch{}, typed, add_up);
    else if (how == "cursor") consume(conninfo, name, together, pgq::by_cursor{}, typed, add_up);
    else if (how == "together") consume(conninfo, name, together, typed, add_up);
    else if (how == "rows") consume(conninfo, name, together, pgq::row_by_row{}, typed, add_up);
    else if (how == "raw-default") consume(conninfo, name, add_up_raw);
    else if (how == "raw-whole") consume(conninfo, name, pgq::whole_batch{}, add_up_raw);
    else if (how == "raw-cursor") consume(conninfo, name, together, pgq::by_cursor{}, add_up_raw);
    else if (how == "bare-whole") consume_bare(conninfo, name, bare_way::whole);
    else if (how == "bare-cursor") consume_bare(conninfo, name, bare_way::cursor);
    else if (how == "bare-copy") consume_bare(conninfo, name, bare_way::copy);
    else return false;
    return true;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc == 5) passes = std::atoi(argv[4]);
    bool const known = (argc == 4 || argc == 5) && passes > 0 && run(argv[3], argv[1], argv[2]);
    if (!known) {
        std::fputs(
            "usage: consume CONNINFO CONSUMER default|together|whole|cursor|rows|raw-default|raw-whole|raw-cursor|"
            "bare-whole|bare-cursor|bare-copy [PASSES]\n",
            stderr);
        return 2;
    }
    return handled == 0 ? 1 : 0;
} catch (std::exception const& failure) {
    std::fprintf(stderr, "consume: %s\n", failure.what());
    return 1;
}
