/// Taking the lease of a cluster's backups, showing that one lives, and giving it back.
#pragma once

#include <walmgr/lease.hpp>
#include <walmgr/lock.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// A lease that we have. Does not give itself back: what is killed does not either. Not thread-safe.
class held_lease {
public:
    held_lease(cluster const& of, std::uint64_t number, lease_holder holder)
        : object_{detail::lease_folder(of) + '/' + detail::lease_number(number)}, holder_{std::move(holder)} {}

    /// False when somebody took it over. @throws error  from the store
    [[nodiscard]] bool is_ours(store auto const& where) const {
        auto const text = read_small_object(where, object_);
        return text && detail::read_holder(*text) == holder_;
    }
    /// Gives a sign of life. @throws error  from the store
    void beat(store auto const& where) {
        auto sign = holder_;
        sign.since = detail::seconds_now();
        auto name = object_ + '.' + detail::lease_number(++beats_);
        create_small_object(where, name, detail::write_holder(sign));
        if (!sign_.empty()) where.remove(sign_);
        sign_ = std::move(name);
    }
    /// Gives it back. @throws error  from the store
    void release(store auto const& where) {
        if (!sign_.empty()) where.remove(sign_);
        where.remove(object_);
    }

private:
    std::string object_;
    lease_holder holder_;
    std::uint64_t beats_ = 0;
    std::string sign_{};
};

/// What others have left behind of the lease. @throws error  locked, when somebody has it; or from the store
std::vector<found_lease> require_free_lease(store auto const& where, cluster const& of, lease_holder const& us) {
    auto all = find_leases(where, of);
    for (auto const& one : all) {
        if (!is_left_behind(one, us))
            throw error{fault::locked, "the backups of \"" + of.name + "\" are in the hands of a " +
                                           to_string(one.holder) + "; wait for its end"};
    }
    return all;
}

/// Takes the lease. One whose holder is gone is taken over, which `said(std::string)` hears of.
/// @throws error  locked, when somebody has it or was faster; or from the store
held_lease take_lease(store auto const& where, cluster const& of, lease_holder const& us, auto&& said) {
    auto const before = require_free_lease(where, of, us);
    std::uint64_t number = 1;
    for (auto const& one : before)
        number = std::max(number, one.number + 1);
    held_lease ours{of, number, us};
    auto const faster = [&] {
        return error{fault::locked, "somebody else has just begun to work on the backups of \"" + of.name + '"'};
    };
    if (!create_small_object(where, detail::lease_folder(of) + '/' + detail::lease_number(number),
                             detail::write_holder(us)))
        throw faster();
    // Whoever came between, when there was nothing to be seen, has another number.
    for (auto const& one : find_leases(where, of)) {
        bool const known = one.number == number || std::any_of(before.begin(), before.end(), [&](auto const& old) {
                               return old.number == one.number;
                           });
        if (known) continue;
        ours.release(where);
        throw faster();
    }
    for (auto const& old : before) {
        if (old.holder.pid != 0) said("took over what a " + to_string(old.holder) + " left behind");
        for (auto const& object : old.objects)
            where.remove(object);
    }
    return ours;
}

/// Holds a lease for as long as it lives, and gives signs of life on a thread of its own, with a store of its own.
template <class Open> class kept_lease {
    static_assert(store_opener<Open>, "walmgr::kept_lease: open() const must give a store to each thread");

public:
    kept_lease(held_lease taken, Open open) : lease_{std::move(taken)}, open_{std::move(open)} {
        thread_ = std::jthread{[this](std::stop_token const& stop) { beat(stop); }};
    }
    kept_lease(kept_lease const&) = delete;
    kept_lease& operator=(kept_lease const&) = delete;
    ~kept_lease() {
        thread_.request_stop();
        thread_.join();
        try {
            lease_.release(open_());
        } catch (std::exception const&) {  // then the next one takes it over
            return;
        }
    }

    /// See held_lease.
    [[nodiscard]] bool is_ours(store auto const& where) const { return lease_.is_ours(where); }

private:
    void beat(std::stop_token const& stop) {
        std::unique_lock lock{mutex_};
        while (!wake_.wait_for(lock, stop, lease_beat, [&] { return stop.stop_requested(); })) {
            try {
                lease_.beat(open_());
            } catch (std::exception const&) {  // a store that is away for a while is no reason to end the work
                continue;
            }
        }
    }

    held_lease lease_;
    Open open_;
    std::mutex mutex_{};
    std::condition_variable_any wake_{};
    std::jthread thread_{};
};

}  // namespace walmgr
