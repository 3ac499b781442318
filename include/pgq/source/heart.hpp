/// Lets a source say, while a batch is worked on, that it is. Not for users: <pgq/consumer.hpp>.
#pragma once

#include <pgq/ids.hpp>

#include <chrono>

namespace pgq::detail {

/// Lets sources that want it say, while a batch is worked on, that it is.
template <class Source, class Db> class heart {
public:
    heart(Source const&, Db&, batch_id) {}
    void beat() {}
    void hold() {}
};
template <class Source, class Db>
    requires requires(Source const& source, Db& db, batch_id id) { source.heartbeat(db, id); }
class heart<Source, Db> {
public:
    heart(Source const& source, Db& db, batch_id batch) : source_{source}, db_{db}, batch_{batch} {}
    void beat() {
        auto const now = std::chrono::steady_clock::now();
        if (now - last_ < source_.heartbeat_interval()) return;
        source_.heartbeat(db_, batch_);
        last_ = now;
    }
    /// Within a transaction: whoever wants to take the batch over finds its row locked until the end of that, and
    /// passes over it, however long it takes.
    void hold() { source_.heartbeat(db_, batch_); }

private:
    Source const& source_;
    Db& db_;
    batch_id batch_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace pgq::detail
