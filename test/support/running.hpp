/// A consumer at work on a thread of its own, for tests that look at it from outside.
#pragma once

#include <pgq/runner.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// Work on a thread of its own until it is stopped: `work(std::stop_token)`.
template <class Result> class until_stopped {
public:
    explicit until_stopped(auto work)
        : result_{std::async(std::launch::async,
                             [work = std::move(work), stop = source_.get_token()] { return work(stop); })} {}
    until_stopped(until_stopped const&) = delete;
    until_stopped& operator=(until_stopped const&) = delete;
    ~until_stopped() { source_.request_stop(); }

    Result stop() {
        source_.request_stop();
        return result_.get();
    }
    /// What ended it, without being stopped.
    Result result() { return result_.get(); }

private:
    std::stop_source source_{};
    std::future<Result> result_;
};

struct silent {
    void operator()(std::string_view) const {}
};
/// Short pauses after trouble.
inline pgq::run_options<silent> const patient{.first_pause = std::chrono::milliseconds{1},
                                              .longest_pause = std::chrono::milliseconds{20}};

/// Counts troubles and keeps quiet.
struct counts_trouble {
    std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>(0);
    void operator()(std::string_view) const { ++*count; }
};

/// Runs a consumer until stopped, with short pauses after trouble.
template <class Consumer> class at_work : public until_stopped<pgq::run_report> {
public:
    /// `connect` opens its sessions; a string will do.
    at_work(Consumer& consumer, auto connect, counts_trouble heard = {})
        : until_stopped{[&consumer, connect = std::move(connect), heard](std::stop_token const& stop) {
              // Each statement crosses the link with its text, so that a fault can be tied to it.
              pgq::run_options<counts_trouble> const options{.first_pause = patient.first_pause,
                                                             .longest_pause = patient.longest_pause,
                                                             .prepare_statements = false,
                                                             .trouble = heard};
              return pgq::run(consumer, connect, stop, options);
          }},
          heard_{std::move(heard)} {}

    /// How many troubles it has got over.
    [[nodiscard]] int troubles() const { return *heard_.count; }

private:
    counts_trouble heard_;
};

}  // namespace support
