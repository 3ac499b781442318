/// A server in memory as the world of a random story.
#pragma once

#include <pgq/testing/server.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace support {

class in_memory {
public:
    pgq::testing::session& session(std::size_t n) {
        while (sessions_.size() <= n)
            sessions_.push_back(db_.connect());
        return sessions_[n];
    }
    pgq::testing::session& target() { return there_; }
    void prepare(std::string const& queue) { db_.create_queue(queue); }
    void pass(std::string_view, std::chrono::seconds time) { db_.clock().advance(time); }

private:
    pgq::testing::server db_{};
    std::deque<pgq::testing::session> sessions_{};
    pgq::testing::server there_{};
};

}  // namespace support
