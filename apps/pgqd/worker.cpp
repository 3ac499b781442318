#include "worker.hpp"

#include <algorithm>
#include <utility>

namespace pgqd {
namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 100ms;
constexpr auto longest_pause = 1s;
/// A rotation or a vacuum takes its time; but none may keep a session for ever.
constexpr auto maintenance_limit = 1h;

std::string_view text_of(pgq::ticker_role role) {
    switch (role) {
    case pgq::ticker_role::missing_pgq:
        return "no pgq";
    case pgq::ticker_role::old_pgq:
        return "bad pgq version: needs 3 or newer; to have a newer one: alter extension pgq update";
    case pgq::ticker_role::standby:
        return "server is a standby, waiting for its promotion";
    case pgq::ticker_role::second:
        return "another ticker is active, standing by";
    case pgq::ticker_role::unknown:
    case pgq::ticker_role::active:
        break;
    }
    return "";
}

}  // namespace

worker::worker(std::string database, config const& settings, apps::logger& log, counters& done)
    : database_{std::move(database)}, settings_{settings}, log_{log}, done_{done},
      ticking_{[this](std::stop_token const& stop) { tick(stop); }}, maintaining_{[this](std::stop_token const& stop) {
          repeat(stop, settings_.maint_period, "maintenance", [this](pgq::libpq::connection& db) {
              pgq::maintenance keeper{db};
              keeper.run([this](pgq::sql::maint_operation const& operation, pgq::error const& problem) {
                  say(apps::severity::error, "maintenance: " + operation.function + "(" +
                                                 operation.argument.value_or("") + ") failed: " + problem.what());
              });
              ++done_.maintenance;
          });
      }},
      retrying_{[this](std::stop_token const& stop) {
          repeat(stop, settings_.retry_period, "retry",
                 [this](pgq::libpq::connection& db) { done_.retries += pgq::maintenance{db}.retry(); });
      }} {}

pgq::libpq::options worker::session_options(std::stop_token const& stop, std::chrono::milliseconds limit) {
    return {.stop = stop,
            .connect_timeout = settings_.connect_timeout,
            .statement_timeout = limit,
            .application_name = "pgqd",
            .prepare_statements = settings_.prepare_statements,
            .notices = [this](pgq::libpq::notice const& said) {
                complain(said.severity == "WARNING" ? apps::severity::warning : apps::severity::debug,
                         std::string{said.message});
            }};
}

void worker::tick(std::stop_token const& stop) {
    std::chrono::milliseconds pause = first_pause;
    while (!stop.stop_requested()) {
        try {
            tick_on_one_session(stop, pause);
        } catch (pgq::stopped const&) { return; } catch (pgq::error const& problem) {
            if (stop.stop_requested()) return;  // whatever a statement says that was cut short
            take(pgq::ticker_role::unknown, {}, false);
            complain(apps::severity::error, problem.what());
            if (!wait(stop, clock::now() + pause)) return;
            pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause);
        }
    }
}

void worker::complain(apps::severity level, std::string const& text) {
    std::string kind;
    for (char const c : text) {
        if (c < '0' || c > '9') kind += c;
    }
    auto const now = clock::now();
    {
        std::lock_guard const hold{mutex_};
        if (told_.size() > 1'000) told_.clear();
        auto const [last, is_new] = told_.try_emplace(std::move(kind), now);
        if (!is_new && now - last->second < 1min) return;
        last->second = now;
    }
    say(level, text);
}

void worker::tick_on_one_session(std::stop_token const& stop, std::chrono::milliseconds& pause) {
    pgq::libpq::connection db{settings_.conninfo(database_), session_options(stop, settings_.query_timeout)};
    pgq::ticker ticker{db, {.period = settings_.ticker_period, .wakeup = settings_.wakeup}};
    auto const failed = [this](std::string_view queue, pgq::error const& problem) {
        complain(apps::severity::error, "queue " + std::string{queue} + ": " + problem.what());
    };
    auto const old_age = clock::now() + settings_.connection_lifetime;
    std::uint64_t counted = 0;
    while (!stop.stop_requested()) {
        auto const next = ticker.step(clock::now(), failed);
        take(ticker.role(), ticker.version(), ticker.on_demand());
        auto const made = ticker.passes() + ticker.demanded();
        done_.ticks += made - std::exchange(counted, made);
        pause = first_pause;
        if (ticker.role() == pgq::ticker_role::missing_pgq || ticker.role() == pgq::ticker_role::old_pgq) {
            db.close();  // keeps nobody from dropping or renaming a database that is not ours
            wait(stop, clock::now() + settings_.check_period);
            return;
        }
        if (!wait(stop, next)) return;
        if (clock::now() > old_age) return;
    }
}

void worker::take(pgq::ticker_role role, std::string const& version, bool on_demand) {
    {
        std::lock_guard const hold{mutex_};
        if (std::exchange(role_, role) == role || role == pgq::ticker_role::unknown) return;
        told_.clear();
    }
    changed_.notify_all();
    if (role == pgq::ticker_role::active) {
        say(apps::severity::info,
            "pgq version ok: " + (version.empty() ? "unknown" : version) + (on_demand ? ", ticking at once" : ""));
    } else {
        say(role == pgq::ticker_role::missing_pgq ? apps::severity::debug
            : role == pgq::ticker_role::old_pgq   ? apps::severity::error
                                                  : apps::severity::info,
            std::string{text_of(role)});
    }
}

void worker::repeat(std::stop_token const& stop, std::chrono::milliseconds period, std::string_view what,
                    auto const& work) {
    while (wait_until_active(stop)) {
        auto pause = period;
        try {
            pgq::libpq::connection db{settings_.conninfo(database_), session_options(stop, maintenance_limit)};
            say(apps::severity::debug, "starting " + std::string{what});
            work(db);
        } catch (pgq::stopped const&) { return; } catch (pgq::error const& problem) {
            if (stop.stop_requested()) return;
            // A lost server is the ticker's news.
            if (!problem.connection_lost()) complain(apps::severity::error, std::string{what} + ": " + problem.what());
            pause = std::min<std::chrono::milliseconds>(period, 20s);
        }
        if (!wait(stop, clock::now() + pause)) return;
    }
}

bool worker::wait(std::stop_token const& stop, clock::time_point end) {
    std::unique_lock hold{mutex_};
    changed_.wait_until(hold, stop, end, [] { return false; });
    return !stop.stop_requested();
}

bool worker::wait_until_active(std::stop_token const& stop) {
    std::unique_lock hold{mutex_};
    return changed_.wait(hold, stop, [this] { return role_ == pgq::ticker_role::active; });
}

}  // namespace pgqd
