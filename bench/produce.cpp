// Puts events into the queue "orders" on one connection, or rows into the table "plain", which has the columns and the
// index of an event table. Prints events per second, and microseconds of the client's and of the server's processor
// time per event.
//     produce CONNINFO HOW COUNT BYTES
#include "bare.hpp"
#include "orders.hpp"
#include "stopwatch.hpp"

#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/policy/insert_pipelined.hpp>

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace {

struct job {
    char const* conninfo;
    std::uint64_t count;
    std::size_t bytes;
};

void show(job const& what, stopwatch const& taken) {
    auto const count = static_cast<double>(what.count);
    std::printf("%.1f %.3f %.3f\n", count / taken.seconds(), taken.client_seconds() / count * 1e6,
                taken.server_seconds() / count * 1e6);
}

template <class Insert> void produce(job const& what, Insert policy, bool prepare) {
    pgq::libpq::connection db{what.conninfo, {.prepare_statements = prepare}};
    pgq::producer out{db, "orders", policy};
    auto order = sample_order(what.bytes);
    out.insert(order);
    out.finish();
    stopwatch const taken{db.backend_pid()};
    for (std::uint64_t i = 0; i < what.count; ++i) {
        ++order.id;
        out.insert(order);
    }
    out.finish();
    show(what, taken);
}

/// The statement that all forms of INSERT prepare, and its values.
class plain_insert {
public:
    explicit plain_insert(job const& what) : db_{bare::connect(what.conninfo)}, data_(what.bytes, 'x') {
        auto const* const text = "insert into plain (ev_type, ev_data) values ($1, $2)";
        bare::checked(db_, PQprepare(db_.get(), "insert", text, 0, nullptr));
        once();
    }
    void once() {
        std::array<char const*, 2> const values{"order.placed", data_.c_str()};
        bare::checked(db_, PQexecPrepared(db_.get(), "insert", 2, values.data(), nullptr, nullptr, 0));
    }
    void send() {
        std::array<char const*, 2> const values{"order.placed", data_.c_str()};
        if (PQsendQueryPrepared(db_.get(), "insert", 2, values.data(), nullptr, nullptr, 0) != 1) bare::fail(db_);
    }
    /// Answers to `count` statements that were sent in pipeline mode, and to the sync behind them.
    void answers(std::uint64_t count) {
        if (PQpipelineSync(db_.get()) != 1) bare::fail(db_);
        for (std::uint64_t i = 0; i < count; ++i) {
            bare::checked(db_, PQgetResult(db_.get()));
            PQgetResult(db_.get());
        }
        bare::checked(db_, PQgetResult(db_.get()));
    }
    bare::session const& db() { return db_; }

private:
    bare::session db_;
    std::string data_;
};

void bare_each(job const& what) {
    plain_insert insert{what};
    stopwatch const taken{PQbackendPID(insert.db().get())};
    for (std::uint64_t i = 0; i < what.count; ++i)
        insert.once();
    show(what, taken);
}

/// Rounds of a size that neither side's socket buffer stops.
void bare_pipelined(job const& what) {
    plain_insert insert{what};
    bare::execute(insert.db(), "begin");
    PQenterPipelineMode(insert.db().get());
    stopwatch const taken{PQbackendPID(insert.db().get())};
    for (std::uint64_t left = what.count; left > 0;) {
        auto const round = left < 500 ? left : 500;
        for (std::uint64_t i = 0; i < round; ++i)
            insert.send();
        insert.answers(round);
        left -= round;
    }
    PQexitPipelineMode(insert.db().get());
    bare::execute(insert.db(), "commit");
    show(what, taken);
}

void bare_copy(job const& what) {
    auto const db = bare::connect(what.conninfo);
    std::string const row = "order.placed\t" + std::string(what.bytes, 'x') + '\n';
    stopwatch const taken{PQbackendPID(db.get())};
    bare::execute(db, "copy plain (ev_type, ev_data) from stdin");
    for (std::uint64_t i = 0; i < what.count; ++i) {
        if (PQputCopyData(db.get(), row.data(), static_cast<int>(row.size())) != 1) bare::fail(db);
    }
    if (PQputCopyEnd(db.get(), nullptr) != 1) bare::fail(db);
    while (bare::rows const answer{PQgetResult(db.get())}) {
        if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) bare::fail(db);
    }
    show(what, taken);
}

bool run(std::string_view how, job const& what) {
    if (how == "each") produce(what, pgq::insert_each{}, false);
    else if (how == "prepared") produce(what, pgq::insert_each{}, true);
    else if (how == "pipelined") produce(what, pgq::insert_pipelined{}, false);
    else if (how == "bulk") produce(what, pgq::insert_bulk{}, false);
    else if (how == "copy") produce(what, pgq::insert_copy{}, false);
    else if (how == "bare-each") bare_each(what);
    else if (how == "bare-pipelined") bare_pipelined(what);
    else if (how == "bare-copy") bare_copy(what);
    else return false;
    return true;
}

}  // namespace

int main(int argc, char** argv) try {
    bool const known = argc == 5 && run(argv[2], {argv[1], std::stoull(argv[3]), std::stoul(argv[4])});
    if (!known) {
        std::fputs("usage: produce CONNINFO each|prepared|pipelined|bulk|copy|bare-each|bare-pipelined|bare-copy COUNT "
                   "BYTES\n",
                   stderr);
        return 2;
    }
} catch (std::exception const& failure) {
    std::fprintf(stderr, "produce: %s\n", failure.what());
    return 1;
}
