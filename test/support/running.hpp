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

/// Counts troubles and keeps quiet.
struct counts_trouble {
    std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>(0);
    void operator()(std::string_view) const { ++*count; }
};

/// Runs a consumer until stopped, with short pauses after trouble.
template <class Consumer> class at_work {
public:
    /// `connect` opens its sessions; a string will do.
    at_work(Consumer& consumer, auto connect)
        : result_{std::async(std::launch::async, [this, &consumer, connect = std::move(connect)] {
              // Each statement crosses the link with its text, so that a fault can be tied to it.
              pgq::run_options<counts_trouble> const options{.first_pause = std::chrono::milliseconds{1},
                                                             .longest_pause = std::chrono::milliseconds{20},
                                                             .prepare_statements = false,
                                                             .trouble = heard_};
              return pgq::run(consumer, connect, source_.get_token(), options);
          })} {}
    at_work(at_work const&) = delete;
    at_work& operator=(at_work const&) = delete;
    ~at_work() { source_.request_stop(); }

    /// How many troubles it has got over.
    [[nodiscard]] int troubles() const { return *heard_.count; }
    pgq::run_report stop() {
        source_.request_stop();
        return result_.get();
    }

private:
    std::stop_source source_{};
    counts_trouble heard_{};
    std::future<pgq::run_report> result_;
};

}  // namespace support
