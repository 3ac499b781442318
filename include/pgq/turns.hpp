/// Who of several gets the next turn, on which of a few threads, and what a thread without work waits for.
/// Knows nothing of queues. Not for users: <pgq/group.hpp> is.
#pragma once

#include <pgq/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pgq::detail {

/// One of those that take turns. Never on two threads at once, but on one after another.
class turn {
public:
    using time = std::chrono::steady_clock::time_point;

    turn() = default;
    turn(turn const&) = delete;
    turn& operator=(turn const&) = delete;
    virtual ~turn() = default;

    /// A piece of work. Nothing when it wants to go on as soon as the others have had their turn; else the time before
    /// which it wants no turn, unless its socket becomes readable.
    virtual std::optional<time> take() = 0;
    /// -1 for none.
    [[nodiscard]] virtual int socket() const noexcept = 0;
    /// take() has thrown, and gets no turn any more.
    virtual void ended(std::exception_ptr why) noexcept = 0;
};

/// Wakes a thread that sleeps in poll(2).
class alarm_bell {
public:
    alarm_bell();
    alarm_bell(alarm_bell const&) = delete;
    alarm_bell& operator=(alarm_bell const&) = delete;
    ~alarm_bell() { ::close(event_); }

    [[nodiscard]] int socket() const noexcept { return event_; }
    void ring() const noexcept;
    void silence() const noexcept;

private:
    int event_;
};

/// Gives turns in the order in which they were asked for. One thread without work watches the sockets and the clock for
/// all; the others without work sleep until it finds something. A template, so that it is compiled only where turns
/// are taken.
template <std::derived_from<turn> Turn> class turns {
    using time = typename Turn::time;

public:
    turns(std::vector<std::unique_ptr<Turn>> const& all, std::stop_token stop)
        : stop_{std::move(stop)}, live_{all.size()} {
        for (auto const& one : all)
            places_.push_back({.who = one.get(), .asked = ++asked_});
        watched_.reserve(all.size() + 1);
        watching_.reserve(all.size());
    }

    /// Until a stop is requested or nobody is left. The calling thread is one of `threads`.
    void run(unsigned threads) {
        std::stop_callback const wake{stop_, [this] {
                                          std::lock_guard const hold{mutex_};
                                          wake_all();
                                      }};
        std::vector<std::jthread> others;
        try {
            for (unsigned i = 1; i < threads && i < places_.size(); ++i)
                others.emplace_back([this] { work(); });
        } catch (...) {  // no thread to be had: those that run already must end first
            std::unique_lock lock{mutex_};
            live_ = 0;
            wake_all();
            lock.unlock();
            others.clear();
            throw;
        }
        work();
    }

private:
    enum class state { ready, waiting, running, over };
    struct place {
        Turn* who = nullptr;
        std::uint64_t asked = 0;  ///< number of its wish for a turn
        state now = state::ready;
        int socket = -1;
        time due{};
    };

    [[nodiscard]] bool over() const { return live_ == 0 || stop_.stop_requested(); }

    void work() {
        std::unique_lock lock{mutex_};
        while (!over()) {
            if (!watched_by_one_ && any(state::waiting)) watch(lock);
            if (over()) break;
            if (auto* const next = first_ready()) {
                serve(*next, lock);
            } else {
                changed_.wait(lock,
                              [&] { return over() || any(state::ready) || (!watched_by_one_ && any(state::waiting)); });
            }
        }
        wake_all();
    }

    void serve(place& one, std::unique_lock<std::mutex>& lock) {
        one.now = state::running;
        lock.unlock();
        std::exception_ptr failure;
        std::optional<time> due;
        try {
            due = one.who->take();
        } catch (...) { failure = std::current_exception(); }
        if (failure) one.who->ended(failure);
        lock.lock();
        one.asked = ++asked_;
        one.due = due.value_or(time{});
        one.socket = one.who->socket();
        one.now = failure ? state::over : due ? state::waiting : state::ready;
        if (failure && live_ > 0) --live_;
        // Who watches does not know yet of what waits now; who sleeps could take what is ready beside this.
        if (over() || due || count(state::ready) > 1) wake_all();
    }

    /// Finds those that have something to do. Sleeps only when nobody is ready.
    void watch(std::unique_lock<std::mutex>& lock) {
        watched_.assign(1, pollfd{bell_.socket(), POLLIN, 0});
        watching_.clear();
        auto first = time::max();
        for (auto& one : places_) {
            if (one.now != state::waiting) continue;
            if (one.due < first) first = one.due;
            watched_.push_back({one.socket, POLLIN, 0});
            watching_.push_back(&one);
        }
        if (any(state::ready)) {
            ::poll(watched_.data(), watched_.size(), 0);
        } else {
            watched_by_one_ = true;
            lock.unlock();
            ::poll(watched_.data(), watched_.size(), milliseconds_until(first));
            lock.lock();
            watched_by_one_ = false;
        }
        if (watched_.front().revents != 0) bell_.silence();
        auto const now = std::chrono::steady_clock::now();
        bool found = false;
        for (std::size_t i = 0; i < watching_.size(); ++i) {
            if (watched_[i + 1].revents == 0 && watching_[i]->due > now) continue;
            watching_[i]->now = state::ready;
            watching_[i]->asked = ++asked_;
            found = true;
        }
        if (found) changed_.notify_all();
    }

    /// Rounded up, so that a sleep does not end before its time.
    static int milliseconds_until(time end) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        return left < 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
    }

    [[nodiscard]] std::size_t count(state wanted) const {
        std::size_t found = 0;
        for (auto const& one : places_)
            found += one.now == wanted ? 1 : 0;
        return found;
    }
    [[nodiscard]] bool any(state wanted) const { return count(wanted) > 0; }
    [[nodiscard]] place* first_ready() {
        place* first = nullptr;
        for (auto& one : places_) {
            if (one.now == state::ready && (first == nullptr || one.asked < first->asked)) first = &one;
        }
        return first;
    }
    void wake_all() {
        if (watched_by_one_) bell_.ring();
        changed_.notify_all();
    }

    std::stop_token stop_;
    alarm_bell bell_{};
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::vector<place> places_{};
    std::uint64_t asked_ = 0;
    std::size_t live_;
    bool watched_by_one_ = false;
    std::vector<pollfd> watched_{};  // these two belong to who watches
    std::vector<place*> watching_{};
};

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/turns.ipp>
#endif
