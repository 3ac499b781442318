/// The segments that an agent knows of, and in which order they are to be archived.
#pragma once

#include <walmgr/agent/file_id.hpp>
#include <walmgr/repositories/archive.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// How far a segment is.
enum class job_state {
    unknown,  ///< nobody has said that it is ready
    waiting,
    running,  ///< somebody archives it
    stored,   ///< and was not asked for yet
    at_fault  ///< it cannot be stored; whoever asks for it will hear why
};

/// Whether a segment may get its name.
enum class job_turn {
    now,
    later,  ///< an older one of its timeline is on its way
    lost    ///< an older one is not begun: give this one up
};

/// The name of the segment before, on its timeline; nothing for a name that is no segment's.
inline std::optional<std::string> name_before(std::string const& name, segment_size size) {
    auto const parsed = parse_wal_name(name);
    auto const which = parsed && size.bytes > 0 ? segment_of(*parsed, size) : std::nullopt;
    if (!which || which->number == 0) return std::nullopt;
    return file_name({which->tli, which->number - 1}, size);
}

/// By name, so that the oldest are first. Not thread-safe.
class segment_jobs {
public:
    [[nodiscard]] std::size_t size() const noexcept { return jobs_.size(); }
    [[nodiscard]] job_state state_of(std::string const& name) const {
        auto const found = jobs_.find(name);
        return found == jobs_.end() ? job_state::unknown : found->second.state;
    }

    /// These are ready, and no others: what is neither ready nor running is forgotten. True when one is new.
    bool expect(std::vector<std::string> const& ready) {
        std::map<std::string, job> now;
        bool fresh = false;
        for (auto const& name : ready) {
            auto const found = jobs_.find(name);
            fresh = fresh || found == jobs_.end();
            now.emplace(name, found == jobs_.end() ? job{} : std::move(found->second));
        }
        for (auto& [name, one] : jobs_) {
            if (one.state == job_state::running) now.emplace(name, std::move(one));
        }
        jobs_.swap(now);
        return fresh;
    }
    void clear() { jobs_.clear(); }

    /// The server has been told that it is archived, and lists it until it has heard that.
    void answered(std::string const& name) {
        if (looks_ == 0) answered_.clear();
        answered_.push_back(name);
    }
    /// Somebody begins to read what the server lists.
    void begin_look() { ++looks_; }
    /// And has read that, in which may still be what was answered since, or just before.
    void end_look(std::vector<std::string>& ready) {
        --looks_;
        std::erase_if(ready, [this](std::string const& name) {
            return std::find(answered_.begin(), answered_.end(), name) != answered_.end();
        });
    }

    /// The oldest that waits.
    [[nodiscard]] std::optional<std::string> next() const {
        for (auto const& [name, one] : jobs_) {
            if (one.state == job_state::waiting) return name;
        }
        return std::nullopt;
    }
    [[nodiscard]] job_turn turn_of(std::string const& name) const {
        auto turn = job_turn::now;
        for (auto one = jobs_.begin(); one != jobs_.end() && one->first < name; ++one) {
            if (one->first.compare(0, 8, name, 0, 8) != 0) continue;
            if (one->second.state == job_state::waiting) return job_turn::lost;
            if (one->second.state == job_state::running) turn = job_turn::later;
        }
        return turn;
    }
    /// Whether the one before it is among them.
    [[nodiscard]] bool knows_before(std::string const& name, segment_size size) const {
        auto const before = name_before(name, size);
        return before && jobs_.contains(*before);
    }

    /// Somebody archives it.
    void run(std::string const& name) { jobs_[name] = {.state = job_state::running}; }
    /// It waits again.
    void put_back(std::string const& name) { jobs_[name] = {}; }
    /// It is at fault.
    void pass_over(std::string const& name) { jobs_[name] = {.state = job_state::at_fault}; }
    /// Nothing is known of it.
    void forget(std::string const& name) { jobs_.erase(name); }
    /// It is stored, and that was its file.
    void store(std::string const& name, file_id const& id, archive_report report) {
        jobs_[name] = {.state = job_state::stored, .id = id, .report = std::move(report)};
    }
    /// What was stored of exactly that file, whose id is given as text. Whatever else was is forgotten.
    std::optional<archive_report> take_stored(std::string const& name, std::string const& asked) {
        auto const found = jobs_.find(name);
        if (found == jobs_.end() || found->second.state != job_state::stored) return std::nullopt;
        auto const one = std::move(found->second);
        jobs_.erase(found);
        if (to_string(one.id) != asked) return std::nullopt;
        return one.report;
    }

private:
    struct job {
        job_state state = job_state::waiting;
        file_id id{};
        archive_report report{};
    };

    std::map<std::string, job> jobs_{};
    std::vector<std::string> answered_{};  ///< the last, or all since a look began
    int looks_ = 0;                        ///< that have begun and not ended
};

}  // namespace walmgr
