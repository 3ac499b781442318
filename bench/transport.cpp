// What the transport costs above libpq alone: the same work by both. Prints what was done per second, and nanoseconds
// of this process's processor time for each.
//     transport CONNINFO ours|bare WAY COUNT
// Needs a table `sink (n bigint, data text)` and a table `wide` with rows like those of a queue.
#include "bare.hpp"

#include <pgq/libpq/copy_in.hpp>
#include <pgq/libpq/pipelined.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace {

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class measurement {
public:
    void show(std::uint64_t count) const {
        double const processor = processor_seconds() - processor_;
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start_;
        auto const each = static_cast<double>(count);
        std::printf("%.1f %.1f\n", each / took.count(), processor / each * 1e9);
    }

private:
    double processor_ = processor_seconds();
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::uint64_t seen = 0;  // so that the compiler cannot do without the work
std::string const payload(200, 'x');

std::string select_rows(std::uint64_t count) {
    return "select * from wide limit " + std::to_string(count);
}

void look_at(pgq::libpq::result const& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t column = 0; column < rows.columns(); ++column) {
            if (auto const cell = rows.at(row, column)) seen += cell->size();
        }
    }
}

void look_at(PGresult const* rows) {
    int const columns = PQnfields(rows);
    for (int row = 0, last = PQntuples(rows); row < last; ++row) {
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(rows, row, column) == 1) continue;
            seen +=
                static_cast<std::uint64_t>(PQgetlength(rows, row, column)) + (PQgetvalue(rows, row, column) != nullptr);
        }
    }
}

constexpr auto insert_text = "insert into sink values ($1, $2)";

bool ours(std::string_view way, char const* conninfo, std::uint64_t count) {
    using pgq::parameter;
    pgq::libpq::connection db{conninfo};
    std::string number;
    auto const values = [&](std::uint64_t n) {
        number = std::to_string(n);
        return std::array{parameter{number.c_str(), number.size()}, parameter{payload.c_str(), payload.size()}};
    };
    db.prepare("insert", insert_text);
    measurement const taken;
    if (way == "rows") {
        look_at(db.execute(select_rows(count)));
    } else if (way == "stream") {
        db.stream(select_rows(count), {}, [](pgq::libpq::result const& row) { look_at(row); });
    } else if (way == "statement") {
        for (std::uint64_t i = 0; i < count; ++i)
            look_at(db.execute("select 1"));
    } else if (way == "insert") {
        for (std::uint64_t i = 0; i < count; ++i)
            db.execute_prepared("insert", values(i));
    } else if (way == "pipelined") {
        pgq::libpq::pipelined out{db};
        for (std::uint64_t i = 0; i < count; ++i)
            out.send_prepared("insert", values(i));
        out.finish();
    } else if (way == "copy") {
        pgq::libpq::copy_in out{db, "copy sink from stdin"};
        for (std::uint64_t i = 0; i < count; ++i) {
            number = std::to_string(i);
            out.row(std::array<std::optional<std::string_view>, 2>{number, payload});
        }
        out.end();
    } else {
        return false;
    }
    taken.show(count);
    return true;
}

/// Answers are taken by the blocking calls, as a short program would.
bool alone(std::string_view way, char const* conninfo, std::uint64_t count) {
    auto const db = bare::connect(conninfo);
    bare::checked(db, PQprepare(db.get(), "insert", insert_text, 0, nullptr));
    std::string number;
    auto const values = [&](std::uint64_t n) {
        number = std::to_string(n);
        return std::array<char const*, 2>{number.c_str(), payload.c_str()};
    };
    auto const take_all = [&] {
        while (bare::rows const answer{PQgetResult(db.get())})
            look_at(answer.get());
    };
    measurement const taken;
    if (way == "rows") {
        look_at(bare::execute(db, select_rows(count).c_str()).get());
    } else if (way == "stream") {
        if (PQsendQuery(db.get(), select_rows(count).c_str()) != 1 || PQsetSingleRowMode(db.get()) != 1) bare::fail(db);
        take_all();
    } else if (way == "statement") {
        for (std::uint64_t i = 0; i < count; ++i)
            look_at(bare::execute(db, "select 1").get());
    } else if (way == "insert") {
        for (std::uint64_t i = 0; i < count; ++i) {
            bare::checked(db, PQexecPrepared(db.get(), "insert", 2, values(i).data(), nullptr, nullptr, 0));
        }
    } else if (way == "pipelined") {  // 1,000 under way at a time
        if (PQenterPipelineMode(db.get()) != 1) bare::fail(db);
        for (std::uint64_t i = 0; i < count; i += 1000) {
            auto const last = std::min(count, i + 1000);
            for (auto n = i; n < last; ++n) {
                auto const fields = values(n);
                if (PQsendQueryPrepared(db.get(), "insert", 2, fields.data(), nullptr, nullptr, 0) != 1) bare::fail(db);
            }
            if (PQpipelineSync(db.get()) != 1) bare::fail(db);
            for (auto n = i; n < last; ++n) {
                bare::checked(db, PQgetResult(db.get()));
                if (PQgetResult(db.get()) != nullptr) bare::fail(db);
            }
            bare::checked(db, PQgetResult(db.get()));
        }
    } else if (way == "copy") {
        bare::execute(db, "copy sink from stdin");
        for (std::uint64_t i = 0; i < count; ++i) {
            auto const row = std::to_string(i) + '\t' + payload + '\n';
            if (PQputCopyData(db.get(), row.data(), static_cast<int>(row.size())) != 1) bare::fail(db);
        }
        if (PQputCopyEnd(db.get(), nullptr) != 1) bare::fail(db);
        take_all();
    } else {
        return false;
    }
    taken.show(count);
    return true;
}

}  // namespace

int main(int argc, char** argv) try {
    bool const complete = argc == 5;
    std::string_view const who{complete ? argv[2] : ""};
    auto const count = complete ? std::stoull(argv[4]) : 0ULL;
    if (!((who == "ours" && ours(argv[3], argv[1], count)) || (who == "bare" && alone(argv[3], argv[1], count)))) {
        std::fputs("usage: transport CONNINFO ours|bare rows|stream|statement|insert|pipelined|copy COUNT\n", stderr);
        return 2;
    }
    return 0;
} catch (std::exception const& failure) {
    std::fprintf(stderr, "transport: %s\n", failure.what());
    return 1;
}
