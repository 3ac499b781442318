/// By which configuration a receiver goes on, and when.
#pragma once

#include "config.hpp"

#include <walmgr/cluster.hpp>
#include <walmgr/store/any.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace walmgr_app {

/// A configuration, and the repository that it names, for looking.
struct configured_repository {
    std::shared_ptr<config const> settings;
    walmgr::any_store where;
    walmgr::cluster of;
};

/// What ends the turn of a receiver: an order to stop, or a configuration to go on by.
class receive_turns {
public:
    void end_all() {
        std::lock_guard const hold{mutex_};
        over_ = true;
        turn_.request_stop();
    }
    void go_on_by(configured_repository next) {
        std::lock_guard const hold{mutex_};
        next_ = std::move(next);
        turn_.request_stop();
    }
    [[nodiscard]] std::stop_token present() {
        std::lock_guard const hold{mutex_};
        return turn_.get_token();
    }
    /// By what to go on; nothing when it is over.
    std::optional<configured_repository> next() {
        std::lock_guard const hold{mutex_};
        if (over_ || !next_) return std::nullopt;
        turn_ = {};
        return std::exchange(next_, std::nullopt);
    }

private:
    std::mutex mutex_{};
    std::stop_source turn_{};
    std::optional<configured_repository> next_{};
    bool over_ = false;
};

}  // namespace walmgr_app
