/// Sessions with a machine that are used again, for stores behind a connection.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace walmgr::detail {

/// A session has `can_be_used()`: whether it is at rest and its other end has not hung up.
template <class Session> class sessions {
public:
    /// A session that goes back when it is at rest, and else is closed.
    class lease {
    public:
        lease(std::shared_ptr<sessions> home, std::unique_ptr<Session> held)
            : home_{std::move(home)}, held_{std::move(held)} {}
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (!held_ || !held_->can_be_used()) return;
            std::lock_guard const guard{home_->mutex_};
            home_->idle_.push_back(std::move(held_));
        }
        Session* operator->() const { return held_.get(); }
        /// False when it was moved from.
        explicit operator bool() const { return held_ != nullptr; }

    private:
        std::shared_ptr<sessions> home_;
        std::unique_ptr<Session> held_;
    };

    /// One that is at rest, or what `connect()` makes. Thread-safe.
    static lease take(std::shared_ptr<sessions> const& from, auto&& connect) {
        for (;;) {
            std::unique_ptr<Session> found;
            {
                std::lock_guard const guard{from->mutex_};
                if (from->idle_.empty()) break;
                found = std::move(from->idle_.back());
                from->idle_.pop_back();
            }
            if (found->can_be_used()) return {from, std::move(found)};
        }
        return {from, connect()};
    }

private:
    std::mutex mutex_{};
    std::vector<std::unique_ptr<Session>> idle_{};
};

}  // namespace walmgr::detail
