/// The rows of a batch, taken in any order and given back by their event's id: an external merge sort. Rows come nearly
/// in order, so that sorting costs next to nothing, and far less than on the server, which moves whole rows for it.
/// Not for users: <pgq/policy/spooled.hpp>.
#pragma once

#include <pgq/policy/sorted_rows.hpp>
#include <pgq/policy/spool_file.hpp>
#include <pgq/sql/copied_event.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::detail {

/// A run of sorted rows in a file: each its size and its bytes. Read block by block.
class spooled_run {
public:
    spooled_run(std::size_t begin, std::size_t end) : at_{begin}, end_{end} {}

    /// Steps to the next row; false at the end. What row() gave before is gone.
    bool advance(spool_file const& file, std::size_t block) {
        row_ = {};
        if (left() == 0) return false;
        need(file, block, row_bytes::size_bytes);
        need(file, block, row_bytes::size_bytes + row_bytes::size_at(buffer_, read_));
        row_ = row_bytes::row_at(buffer_, read_);
        read_ += row_bytes::size_bytes + row_.size();
        id_ = sql::copied_event_id(row_);
        return true;
    }
    [[nodiscard]] std::string_view row() const noexcept { return row_; }
    [[nodiscard]] std::int64_t id() const noexcept { return id_; }

private:
    [[nodiscard]] std::size_t left() const noexcept { return buffer_.size() - read_ + (end_ - at_); }

    /// Has `size` bytes in the buffer from read_ on.
    void need(spool_file const& file, std::size_t block, std::size_t size) {
        auto const kept = buffer_.size() - read_;
        if (kept >= size) return;
        auto const wanted = size - kept > block ? size - kept : block;
        auto const more = wanted < end_ - at_ ? wanted : end_ - at_;
        buffer_.erase(0, read_);
        read_ = 0;
        buffer_.resize(kept + more);
        file.read(at_, {buffer_.data() + kept, more});
        at_ += more;
    }

    std::size_t at_;  ///< what of the file was not read yet
    std::size_t end_;
    std::string buffer_{};
    std::size_t read_ = 0;
    std::string_view row_{};
    std::int64_t id_ = 0;
};

/// add() all, then sort(), then next() until nothing is left. Keeps about `memory` bytes in memory, the rest in a file.
class spool {
public:
    explicit spool(std::size_t memory) : memory_{memory} {}

    /// `row`: as COPY sends it in binary form. @throws error  when the file cannot be written
    void add(std::string_view row) {
        rows_.add(row);
        if (rows_.size() > memory_) write_run();
        else if (!large_ && rows_.size() > small) reserve();
    }

    void sort();

    /// The view lasts until the next call.
    std::optional<std::string_view> next() {
        if (!file_) return rows_.next();
        if (std::exchange(given_, true)) step();
        if (heads_.empty()) return std::nullopt;
        return heads_.front()->row();
    }

private:
    // Earlier runs lie before later ones in runs_, and have what arrived earlier.
    static bool later(spooled_run const* a, spooled_run const* b) {
        return a->id() != b->id() ? a->id() > b->id() : a > b;
    }

    // Only now: a batch that the sequences say nothing of is most often a small one.
    void reserve() {
        constexpr std::size_t most_at_once = std::size_t{16} << 20U;
        large_ = true;
        rows_.reserve(memory_ < most_at_once ? memory_ : most_at_once);
    }

    void write_run();

    /// Takes the row that was given last off its run. As runs overlap little, its next row is most often the next of
    /// all, and nothing moves.
    void step() {
        if (heads_.empty()) return;
        if (!heads_.front()->advance(*file_, block_)) {
            heads_.front() = heads_.back();
            heads_.pop_back();
        }
        sift(0);
    }

    /// Makes a heap of heads_ from `at` on, where all below are one: none is later than those at twice its place.
    void sift(std::size_t at) {
        for (auto child = 2 * at + 1; child < heads_.size(); child = 2 * at + 1) {
            if (child + 1 < heads_.size() && later(heads_[child], heads_[child + 1])) ++child;
            if (!later(heads_[at], heads_[child])) return;
            std::swap(heads_[at], heads_[child]);
            at = child;
        }
    }

    static constexpr std::size_t small = std::size_t{1} << 20U;

    std::size_t memory_;
    bool large_ = false;
    sorted_rows rows_{};
    std::unique_ptr<spool_file> file_{};
    std::vector<spooled_run> runs_{};
    std::vector<spooled_run*> heads_{};
    std::size_t block_ = 0;
    bool given_ = false;
};

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/spool.ipp>
#endif
