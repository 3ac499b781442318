#include "under_pressure.hpp"

#include "asking.hpp"
#include "command.hpp"
#include "open_repository.hpp"

#include <common/status.hpp>

#include <unistd.h>
#include <walmgr/moment.hpp>
#include <walmgr/pressure/rule.hpp>
#include <walmgr/pressure/unawaited.hpp>
#include <walmgr/repositories/archive.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <list>
#include <memory>
#include <utility>
#include <variant>

namespace walmgr_app {
namespace {

using namespace std::chrono_literals;
using walmgr::fault;
using walmgr::on_pressure;

/// A repository that was silent is not waited for again so soon.
constexpr auto silence = 30s;
/// Segments that one call brings after all, besides its own: the server waits meanwhile.
constexpr std::size_t few = 4;

/// What a thread that may be left alone works with.
struct task {
    config settings;
    std::string path;
    std::string name;
    std::atomic<bool> stored = false;

    task(config of, std::string from, std::string as)
        : settings{std::move(of)}, path{std::move(from)}, name{std::move(as)} {}
};

/// Whether somebody must look first: what contradicts the repository, or itself, is dropped by nobody.
bool is_for_a_person(fault kind) {
    return kind == fault::identity || kind == fault::duplicate || kind == fault::corrupt || kind == fault::usage ||
           kind == fault::negative;
}

class ruled_archiving {
public:
    ruled_archiving(config const& settings, std::string const& path, std::string const& name)
        : rule_{settings.pressure}, dropped_{dropped_log_of(settings)},
          folder_{std::filesystem::absolute(path).parent_path().string()},
          task_{std::make_shared<task>(settings, folder_ + '/' + std::filesystem::path{path}.filename().string(),
                                       name)} {}

    int run() {
        auto found = measure();
        if (may_drop() && !dropped_.is_writable())
            say("on_pressure = drop cannot work: no file can be made in " + dropped_.folder() +
                "; let state_dir name a folder of the server's user");
        if (found.holds && may_drop()) silent_ = dropped_.silent_since(silence);
        if (!silent_.empty()) return last_try();
        auto const& main = begin([one = task_, most = found.holds ? 0 : few] {
            archive_now(one->settings, one->path, one->name);
            one->stored = true;
            auto const dropped = dropped_log_of(one->settings);
            if (dropped.names().empty() && dropped.aside().empty()) return;
            auto all = open_repositories(one->settings);
            for (auto const& line : lines_of(settle(one->settings, all, most)))
                say(line);
        });
        if (!ends_in_time(main, found)) return task_->stored ? 0 : last_try();
        auto const problem = main.problem();
        if (task_->stored) {
            if (found.holds) alarm(found, "this one was archived");
            if (problem) status_of([&]() -> int { std::rethrow_exception(problem); });
            return 0;
        }
        found = measure();
        if (!found.holds) std::rethrow_exception(problem);
        auto const why = reason_of(problem);
        alarm(found, why.what());
        if (!may_drop() || is_for_a_person(why.kind())) throw why;
        return drop(why.what(), found);
    }
    /// Whether nothing goes on.
    [[nodiscard]] bool over() const {
        return std::all_of(begun_.begin(), begun_.end(), [](auto const& one) { return one.over_within(0ms); });
    }

private:
    [[nodiscard]] bool may_drop() const { return rule_.action == on_pressure::drop; }
    /// What cannot be measured is in no file's way.
    [[nodiscard]] walmgr::log_pressure measure() {
        try {
            return measure_pressure(rule_, folder_, may_drop() ? dropped_.removable(folder_) : 0);
        } catch (walmgr::error const& problem) {
            if (!std::exchange(unmeasured_, true)) say(std::string{"on_pressure is without effect: "} + problem.what());
            return {};
        }
    }
    walmgr::unawaited const& begin(std::function<void()> work) { return begun_.emplace_back(std::move(work)); }
    static walmgr::error reason_of(std::exception_ptr const& problem) {
        try {
            std::rethrow_exception(problem);
        } catch (walmgr::error const& known) { return known; } catch (std::exception const& other) {
            return {fault::unavailable, other.what()};
        }
    }

    /// False when it has not ended though the disk was filling for as long as a repository may take then.
    bool ends_in_time(walmgr::unawaited const& work, walmgr::log_pressure& found) {
        auto calm = std::chrono::steady_clock::now();
        bool said = false;
        auto const step = std::clamp<std::chrono::milliseconds>(rule_.patience / 4, 20ms, 500ms);
        while (!work.over_within(step)) {
            found = measure();
            auto const now = std::chrono::steady_clock::now();
            if (!found.holds) calm = now;
            if (now - calm < rule_.patience) continue;
            if (may_drop()) return false;
            if (!std::exchange(said, true)) alarm(found, "a repository is silent");
        }
        return true;
    }
    /// Each repository by itself: one that is silent must not keep the others from what they could have. Those that
    /// were silent a moment ago are not asked: the disk would be full before they all had been waited for.
    int last_try() {
        std::vector<std::pair<std::string, walmgr::unawaited const*>> asked;
        auto const& places = task_->settings.walmgr_data;
        auto const known = silent_;
        if (!begun_.empty() && places.size() == 1) silent_ += places.front() + '\n';  // it was waited for just now
        for (auto const& place : places) {
            if (was_silent(place)) continue;
            auto const one = std::make_shared<task>(task_->settings, task_->path, task_->name);
            one->settings.walmgr_data = {place};
            one->settings.wal_copies = {};
            one->settings.agent.socket.clear();
            asked.emplace_back(place, &begin([one] { archive_now(one->settings, one->path, one->name); }));
        }
        auto const end = std::chrono::steady_clock::now() + rule_.patience;
        std::string problems;
        std::size_t kept = 0;
        for (auto const& [place, one] : asked) {
            auto const left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
            if (!one->over_within(std::max(left, 0ms))) {
                silent_ += place + '\n';
            } else if (!one->problem()) {
                ++kept;
            } else {
                auto const why = reason_of(one->problem());
                if (is_for_a_person(why.kind())) throw why;
                problems.append(why.what()).append("; ");
            }
        }
        if (!silent_.empty()) problems += "silent lately: " + silent_;
        if (silent_ != known) remember_silence();
        if (task_->stored || task_->settings.wal_copies.met(kept, places.size())) {
            say(apps::one_line(task_->name + " is not in each repository: " + problems));
            return 0;
        }
        auto const found = measure();
        if (!found.holds) throw walmgr::error{fault::timed_out, problems};
        return drop(problems, found);
    }
    /// Others who do not hear of it wait, and that is all.
    void remember_silence() const {
        try {
            dropped_.note_silence(silent_);
        } catch (walmgr::error const& problem) { say(problem.what()); }
    }
    [[nodiscard]] bool was_silent(std::string const& place) const {
        return ('\n' + silent_).find('\n' + place + '\n') != std::string::npos;
    }

    void alarm(walmgr::log_pressure const& found, std::string const& why) const {
        say(apps::one_line("ALARM: " + to_string(found) + ": " + why));
    }
    /// Notes it, and then lets the server go on.
    int drop(std::string const& why, walmgr::log_pressure const& found) const {
        auto const now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
        auto const note =
            apps::one_line("dropped at " + walmgr::to_string(now) + ", while " + to_string(found) + ": " + why);
        auto const parsed = walmgr::parse_wal_name(task_->name);
        if (!parsed) throw walmgr::error{fault::usage, '"' + task_->name + "\" is no name of a write-ahead log file"};
        if (walmgr::holds_segment(parsed->kind)) {
            dropped_.note(task_->path, task_->name, note);
            say("DROPPED " + task_->name +
                ", which is not archived as wal_copies wants, so that the server can go on: " + note);
        } else {
            dropped_.put_aside(task_->path, task_->name);
            say(task_->name + " was put aside in " + dropped_.folder() + " until it can be stored");
        }
        return 0;
    }

    walmgr::pressure_rule rule_;
    walmgr::dropped_log dropped_;
    std::string folder_;
    std::shared_ptr<task> task_;
    bool unmeasured_ = false;
    std::string silent_{};  ///< repositories, each with a line end
    std::list<walmgr::unawaited> begun_{};
};

}  // namespace

void archive_now(config const& settings, std::string const& path, std::string const& name) {
    if (agent_archives(settings, path, name)) return;
    auto all = open_repositories(settings);
    auto const report =
        std::visit([&](auto const& way) { return walmgr::archive_file(all, way, path, name); }, settings.pack);
    walmgr::require_archived(report, settings.wal_copies, all.size());
    warn_of(report.failed);
}

int archive_by_rule(config const& settings, std::string const& path, std::string const& name) {
    ruled_archiving work{settings, path, name};
    auto const status = status_of([&] { return work.run(); });
    if (!work.over()) ::_exit(status);  // what hangs would hold up the server
    return status;
}

walmgr::settled settle(config const& settings, walmgr::repositories& all, std::size_t most) {
    return std::visit(
        [&](auto const& way) { return settle_dropped(dropped_log_of(settings), all, settings.wal_copies, way, most); },
        settings.pack);
}

std::vector<std::string> lines_of(walmgr::settled const& told) {
    std::vector<std::string> lines;
    for (auto const& name : told.stored)
        lines.push_back(name + ", which was dropped or put aside, is archived after all");
    for (auto const& name : told.missing)
        lines.push_back(name + " was dropped and is gone: recorded as missing in the repository; take a base backup");
    for (auto const& one : told.failed)
        lines.push_back(apps::one_line("of what was dropped not all is settled: " + one.why));
    return lines;
}

}  // namespace walmgr_app
