/// Several repositories that keep the same log, so that the loss of one loses nothing. Each is opened when it is needed
/// first, and what fails in one is told apart from what fails everywhere.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/store/any.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// A cluster's place in one repository.
struct repository {
    any_store where;
    cluster of;
};

/// What one repository could not do.
struct repository_failure {
    std::string shown;  ///< its location
    fault kind;
    std::string why;  ///< one line, ready to be shown: names the repository where there are several
};

/// How many repositories must have a file before it counts as archived.
struct quorum {
    std::size_t copies = 0;  ///< 0: all of them

    /// Whether so many copies are enough.
    [[nodiscard]] bool met(std::size_t kept, std::size_t repositories) const noexcept {
        return kept >= (copies == 0 ? repositories : copies) && kept > 0;
    }
};

/// The cluster of that name as a repository knows it. @throws error  configuration, when it does not
inline cluster require_cluster(any_store const& where, std::string const& name) {
    auto found = find_cluster(where, name);
    if (!found)
        throw error{fault::configuration, "the repository " + where.shown() + " does not know the cluster \"" + name +
                                              "\" yet; run: walmgr CONFIG repo init"};
    return *found;
}

/// Throws all of `failures` as one error, of the kind that needs a person most. There must be one at least.
[[noreturn]] inline void refuse_all(std::vector<repository_failure> const& failures) {
    constexpr std::array by_weight{fault::identity, fault::duplicate,     fault::corrupt,
                                   fault::gap,      fault::configuration, fault::disk_full};
    auto const weight = [&](repository_failure const& one) {
        return std::find(by_weight.begin(), by_weight.end(), one.kind) - by_weight.begin();
    };
    auto worst = failures.front();
    std::string all;
    for (auto const& one : failures) {
        if (weight(one) < weight(worst)) worst = one;
        all += (all.empty() ? "" : "; ") + one.why;
    }
    throw error{worst.kind, all};
}

/// The repositories of a configuration, in its order. Keeps open what it has opened. Not for several threads.
class repositories {
public:
    using opener = std::function<any_store(std::string const&)>;

    /// `open(location)` opens a store, or throws. With a `system_id` they are as of the time when the cluster had that
    /// one, and those that never kept it have nothing.
    repositories(std::vector<std::string> const& locations, std::string cluster_name, opener open,
                 std::optional<std::uint64_t> system_id = {})
        : cluster_{std::move(cluster_name)}, open_{std::move(open)}, system_id_{system_id} {
        for (auto const& one : locations)
            all_.push_back({.location = one});
    }

    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

    /// One that was opened keeps the system id that is wanted as one from before an upgrade.
    [[nodiscard]] bool are_earlier() const {
        return std::any_of(all_.begin(), all_.end(), [](place const& one) { return one.earlier; });
    }
    /// Each was opened, and none has ever kept a cluster with the system id that is wanted.
    [[nodiscard]] bool none_keeps_it() const {
        return system_id_ && std::all_of(all_.begin(), all_.end(), [](place const& one) { return one.never_kept; });
    }

    /// Does `work(repository const&)` in the repository number `which`, and opens it where needed. False when that
    /// failed: then `failures` has one more, and the repository is opened anew the next time; or where it never kept
    /// the system id that is wanted.
    template <std::invocable<repository const&> F>
    bool attempt(std::size_t which, std::vector<repository_failure>& failures, F const& work) {
        auto& one = all_.at(which);
        auto const failed = [&](fault kind, std::string const& why) {
            one.held.reset();
            failures.push_back({one.location, kind, size() == 1 ? why : "repository " + one.location + ": " + why});
            return false;
        };
        try {
            if (one.never_kept) return false;
            if (!one.held) one.held = opened(one);
            if (!one.held) return false;
            auto const held = *one.held;
            work(held);
            return true;
        } catch (error const& failure) {
            return failed(failure.kind(), failure.what());
        } catch (std::exception const& failure) { return failed(fault::unavailable, failure.what()); }
    }

private:
    struct place {
        std::string location;
        std::optional<repository> held{};
        bool earlier = false;
        bool never_kept = false;
    };

    std::optional<repository> opened(place& one) {
        auto where = open_(one.location);
        auto of = require_cluster(where, cluster_);
        if (system_id_) {
            auto const then = find_history(where, of, *system_id_);
            one.never_kept = !then;
            if (!then) return std::nullopt;
            one.earlier = then->history != of.history;
            of = *then;
        }
        for (auto const& other : all_) {
            if (!other.held || (other.held->of.system_id == of.system_id && other.held->of.size == of.size)) continue;
            throw error{fault::identity, "it keeps another cluster than " + other.location + " under the name " +
                                             cluster_ + ", with system id " + std::to_string(of.system_id)};
        }
        return repository{std::move(where), std::move(of)};
    }

    std::string cluster_;
    opener open_;
    std::optional<std::uint64_t> system_id_;
    std::vector<place> all_{};
};

/// Does `work(repository const&)` in each repository. @return why some could not
template <std::invocable<repository const&> F>
std::vector<repository_failure> attempt_each(repositories& all, F const& work) {
    std::vector<repository_failure> failed;
    for (std::size_t which = 0; which < all.size(); ++which)
        all.attempt(which, failed, work);
    return failed;
}

/// As attempt_each(); one that can do it is enough. @throws error  what all say, when none can
template <std::invocable<repository const&> F>
std::vector<repository_failure> in_each(repositories& all, F const& work) {
    auto failed = attempt_each(all, work);
    if (failed.size() == all.size()) refuse_all(failed);
    return failed;
}

}  // namespace walmgr
