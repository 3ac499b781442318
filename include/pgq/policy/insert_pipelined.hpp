/// Insert policy for many events through pgq.insert_event(): each call leaves without waiting for the answers before
/// it. For sessions of libpq, whose pipeline it is, and for those that a test plays.
#pragma once

#include <pgq/libpq/pipelined.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/transport.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace pgq {
namespace detail {

class pipelined_writer {
public:
    pipelined_writer(libpq::connection& db, std::string queue, std::size_t bytes)
        : db_{db}, queue_{std::move(queue)}, bytes_{bytes}, statement_{unused_name()} {}

    void put(new_event const& event) {
        or_close([&] {
            if (!pipeline_) begin();
            bound<7> const values{queue_,         event.type,     event.data,    event.extra[0],
                                  event.extra[1], event.extra[2], event.extra[3]};
            pipeline_->send_prepared(statement_, values.view());
        });
    }

    std::uint64_t finish() {
        if (!pipeline_) return 0;
        auto const stored = or_close([&] { return pipeline_->finish(); });
        pipeline_.reset();
        return stored;
    }

private:
    static std::string unused_name() {
        static std::atomic<std::uint64_t> made{0};
        return "pgq_insert_event_" + std::to_string(++made);
    }

    void begin();

    auto or_close(auto const& step) -> decltype(step()) {
        try {
            return explaining(queue_, step);
        } catch (...) {
            pipeline_.reset();
            throw;
        }
    }

    libpq::connection& db_;
    std::string queue_;
    std::size_t bytes_;
    std::string statement_;
    int prepared_for_ = 0;
    std::optional<libpq::pipelined<>> pipeline_{};
};

/// The same on a server that is only played.
template <simulated Db> class played_writer {
public:
    played_writer(Db& db, std::string queue) : db_{db}, queue_{std::move(queue)} {}
    played_writer(played_writer const&) = delete;
    played_writer& operator=(played_writer const&) = delete;
    ~played_writer() {
        if (open_) db_.pipeline_drop();
    }

    void put(new_event const& event) {
        if (!open_) db_.pipeline_begin();
        open_ = true;
        bound<7> const values{queue_,         event.type,     event.data,    event.extra[0],
                              event.extra[1], event.extra[2], event.extra[3]};
        db_.pipeline_send(sql::insert_event_text, values.view());
    }
    std::uint64_t finish() {
        if (!std::exchange(open_, false)) return 0;
        return explaining(queue_, [&] { return db_.pipeline_end(); });
    }

private:
    Db& db_;
    std::string queue_;
    bool open_ = false;
};

}  // namespace detail

/// Keeps the session in pipeline mode from the first event until finish(), so it can do nothing else between the two.
/// The events up to finish() are stored together or not at all, with the caller's transaction where one is open. A
/// refusal may be thrown by a later put() than that of the event it is about, at the latest by finish().
struct insert_pipelined {
    static constexpr bool keeps_session = true;
    std::size_t bytes = libpq::pipelined<>::default_bytes;  ///< most bytes that are under way at a time

    [[nodiscard]] detail::pipelined_writer open(libpq::connection& db, std::string queue) const {
        return {db, std::move(queue), bytes};
    }
    /// For the sessions of <pgq/testing/server.hpp>, where all refusals come with finish().
    template <simulated Db> [[nodiscard]] detail::played_writer<Db> open(Db& db, std::string queue) const {
        return {db, std::move(queue)};
    }
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/insert_pipelined.ipp>
#endif
