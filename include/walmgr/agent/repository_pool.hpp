/// The repositories of a configuration for several threads, each of which needs its own, and none of which should have
/// to connect anew for each file.
#pragma once

#include <walmgr/repositories.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace walmgr {

/// Thread-safe.
class repository_pool {
public:
    explicit repository_pool(std::function<repositories()> make) : make_{std::move(make)} {}

    /// What `work(repositories&)` returns. What it throws ends the connections that it had.
    auto with(auto const& work) {
        auto all = take();
        auto result = work(*all);
        std::lock_guard const hold{mutex_};
        idle_.push_back(std::move(*all));
        return result;
    }

private:
    std::optional<repositories> take() {
        std::optional<repositories> found;
        {
            std::lock_guard const hold{mutex_};
            if (!idle_.empty()) {
                found.emplace(std::move(idle_.back()));
                idle_.pop_back();
            }
        }
        if (!found) found.emplace(make_());
        return found;
    }

    std::function<repositories()> make_;
    std::mutex mutex_{};
    std::vector<repositories> idle_{};
};

}  // namespace walmgr
