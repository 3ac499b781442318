/// How fast a server's log is archived, measured while the archiver does not rest: what it does in idle hours says
/// nothing of what it can do.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/sql/archiver.hpp>
#include <walmgr/wal_name.hpp>

#include <cstdint>
#include <optional>

namespace walmgr {

/// Takes readings of an archiver, one after the other, and tells its pace as soon as it is known.
class archive_pace {
public:
    void note(sql::archiver_reading const& now) {
        // It has rested since, or counts anew.
        if (newest_.waiting == 0 || now.since != newest_.since) first_ = last_ = std::nullopt;
        // From its last file on it has worked without a pause if others waited then.
        bool const restless =
            now.waiting.value_or(0) > 0 && now.oldest && now.last_at && *now.oldest + 1 <= *now.last_at;
        if (!first_ && restless) first_ = now;
        if (first_ && now.archived > first_->archived && now.last_at > first_->last_at) last_ = now;
        newest_ = now;
    }

    /// Whether there is something to measure: files wait, and since a while.
    [[nodiscard]] bool begun() const { return first_.has_value(); }

    /// Files in a second. It counts from when one was archived to when another was, not from reading to reading.
    [[nodiscard]] std::optional<double> files_a_second() const {
        if (!first_ || !last_) return std::nullopt;
        return static_cast<double>(last_->archived - first_->archived) / (*last_->last_at - *first_->last_at);
    }

    /// Seconds until nothing waits, if log goes on to be written as between the readings. Nothing as well where more
    /// comes than is archived.
    [[nodiscard]] std::optional<double> seconds_to_drain(segment_size size) const {
        if (newest_.waiting == 0) return 0.0;
        auto const pace = files_a_second();
        if (!pace || !newest_.waiting || !newest_.written || !first_->written || newest_.at <= first_->at)
            return std::nullopt;
        auto const written = static_cast<double>(*newest_.written - *first_->written) / static_cast<double>(size.bytes);
        auto const net = *pace - written / (newest_.at - first_->at);
        if (net <= 0) return std::nullopt;
        return static_cast<double>(*newest_.waiting) / net;
    }

    /// Seconds until a segment is archived, behind those in front of it; nothing where that is not known.
    [[nodiscard]] std::optional<double> seconds_until(segment wanted, segment_size size) const {
        auto const pace = files_a_second();
        auto const name = newest_.last ? parse_wal_name(*newest_.last) : std::nullopt;
        if (!pace || !name || !holds_segment(name->kind)) return std::nullopt;
        auto const at = segment_of(*name, size);
        if (!at || at->tli != wanted.tli || at->number >= wanted.number) return std::nullopt;
        return static_cast<double>(wanted.number - at->number) / *pace;
    }

    /// The newest reading.
    [[nodiscard]] sql::archiver_reading const& newest() const noexcept { return newest_; }

private:
    std::optional<sql::archiver_reading> first_{};  ///< since when it has not rested
    std::optional<sql::archiver_reading> last_{};   ///< when something was archived after that
    sql::archiver_reading newest_{};
};

}  // namespace walmgr
