/// Hearing NOTIFY for as long as a scope lasts.
#pragma once

#include <pgq/transport.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace pgq::libpq {

/// Listens on construction and stops listening on destruction.
template <listener Db>
    requires requires(Db& db, std::string_view channel) { db.unlisten(channel); }
class listening {
public:
    listening(Db& db, std::string_view channel) : db_{db}, channel_{channel} { db_.listen(channel_); }

    listening(listening const&) = delete;
    listening& operator=(listening const&) = delete;

    ~listening() {
        try {
            db_.unlisten(channel_);
        } catch (std::exception const&) {  // a session that is lost or stopped hears nothing any more
            return;
        }
    }

    /// The oldest message on this channel; messages on others are dropped. Nothing when `limit` passes first.
    std::optional<notification> wait(std::chrono::milliseconds limit) {
        auto const end = std::chrono::steady_clock::now() + limit;
        auto message = db_.wait_notification(end);
        while (message && message->channel != channel_)
            message = db_.wait_notification(end);
        return message;
    }

private:
    Db& db_;
    std::string channel_;
};

}  // namespace pgq::libpq
