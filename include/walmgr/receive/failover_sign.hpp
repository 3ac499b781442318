/// A receiver's part in a failover: it tells when it receives a timeline, hears when that is given up, and tells how
/// far it has it.
#pragma once

#include <pgq/log.hpp>
#include <pgq/stop.hpp>

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/received_files.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace walmgr {

/// For one thread. What it is given must live as long.
/// `where` is for looking whether a timeline was given up; each repository hears of that, so that one is enough.
/// `signs` keeps what is told, as sign_keeper does.
template <store Store, class Archiver, class Signs, pgq::log_sink Log> class failover_sign {
public:
    failover_sign(Store where, cluster of, partial_folder const& folder, Archiver& archiver, Signs& signs, Log log)
        : where_{std::move(where)}, of_{std::move(of)}, folder_{folder}, archiver_{archiver}, signs_{signs},
          log_{std::move(log)} {}

    /// Before anything of a timeline is acknowledged. @throws error  from the store
    void begin(timeline tli) {
        look(tli);
        if (given_up_ || receives_ == tli) return;
        told_.reset();
        signs_.sign_on(tli);
        // Who gives it up from here on will wait for us. Who did so a moment ago has not seen us.
        given_up_ = find_intent(where_, of_, tli).has_value();
        if (!given_up_) receives_ = tli;
        else if (auto const has = folder_.flushed(); !has || has->tli != tli) forget(tli);
    }
    /// Whether all who give the timeline up know that it is received, and wait for that: it was begun, and has not
    /// ended since.
    [[nodiscard]] bool receives(timeline tli) const noexcept { return receives_ == tli; }
    /// After begin(). @throws error  unavailable, when a standby is to be promoted from where that timeline ends
    void require_open(timeline tli) const {
        if (given_up_)
            throw error{fault::unavailable, shown(tli) + " was given up, so that its server is not received from; "
                                                         "boot --undo takes that back"};
    }
    /// Finds out whether that timeline was given up. @throws error  from the store
    void look(timeline tli) { given_up_ = find_intent(where_, of_, tli).has_value(); }
    /// While a standby is received from: what ends a primary does not end that, and it may be the one that is to be
    /// promoted, so the repository is asked now and then. One that answers slowly is asked less often.
    /// @throws error  as require_open()
    void look_again(timeline tli) {
        auto const begin = clock::now();
        if (begin < look_at_) return;
        try {
            look(tli);
        } catch (error const&) {}  // it cannot be asked now
        constexpr int share = 10;
        look_at_ = std::max(begin + std::chrono::seconds{1}, begin + (clock::now() - begin) * share);
        require_open(tli);
    }

    /// Without a session for that long: somebody may wait for what was received. @throws error  as hand_over()
    void rest(std::chrono::milliseconds how_long, std::stop_token const& stop) {
        for (auto const end = clock::now() + how_long; !stop.stop_requested() && clock::now() < end;) {
            hand_over(stop);
            pgq::detail::sleep_until(std::min(end, clock::now() + std::chrono::seconds{1}), stop);
        }
    }
    /// Where the timeline that was received last was given up: all of it into the repository, and then word of how far
    /// it goes. @throws error  what no later try can mend
    void hand_over(std::stop_token const& stop) {
        auto const has = folder_.flushed();
        try {
            if (!has || told_ == has->tli || !find_intent(where_, of_, has->tli)) return;
        } catch (error const&) { return; }  // the repository cannot be asked now
        log_.write(pgq::log_level::info, shown(has->tli) + " was given up; what was received of it is handed over");
        archive_unfinished(folder_, of_.size, archiver_);
        archiver_.wait_until_empty(stop);
        if (stop.stop_requested()) return;
        end(*has);
        log_.write(pgq::log_level::info, "handed over up to " + to_string(has->at));
        told_ = has->tli;
    }
    /// A timeline was followed to its end: nobody has to be told of it any more.
    void forget(timeline tli) {
        receives_.reset();
        try {
            signs_.forget(tli);
        } catch (error const&) {}  // that it stays is in nobody's way
    }
    /// Receiving ends.
    void leave() {
        try {
            if (auto const has = folder_.flushed()) end(*has);
            signs_.settle(std::chrono::seconds{1});
        } catch (error const& away) {
            log_.write(pgq::log_level::warning,
                       "the repository was not told how far was received, which boot may wait for: " +
                           std::string{away.what()});
        }
    }

private:
    using clock = std::chrono::steady_clock;

    static std::string shown(timeline tli) { return "timeline " + std::to_string(static_cast<std::uint32_t>(tli)); }
    void end(wal_position const& has) {
        receives_.reset();
        signs_.sign_off(has.tli, has.at);
    }

    Store where_;
    cluster of_;
    partial_folder const& folder_;
    Archiver& archiver_;
    Signs& signs_;
    Log log_;
    bool given_up_ = false;
    clock::time_point look_at_{};
    std::optional<timeline> receives_{};
    std::optional<timeline> told_{};  ///< that was handed over
};

}  // namespace walmgr
