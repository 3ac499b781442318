/// The rows of a batch, taken in any order and given back by their event's id: an external merge sort. Rows come nearly
/// in order, so that sorting costs next to nothing, and far less than on the server, which moves whole rows for it.
/// Not for users: <pgq/policy/spooled.hpp>.
#pragma once

#include <pgq/policy/spool_file.hpp>
#include <pgq/sql/copied_event.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::detail {

/// Rows one after the other, each with its size before it: the form that they have in memory and in the file.
class row_bytes {
public:
    static constexpr std::size_t size_bytes = sizeof(std::size_t);

    static void append(std::string& to, std::string_view row) {
        auto const size = row.size();
        to.append(reinterpret_cast<char const*>(&size), size_bytes).append(row);
    }
    static std::size_t size_at(std::string_view bytes, std::size_t offset) {
        std::size_t size = 0;
        std::memcpy(&size, bytes.data() + offset, size_bytes);
        return size;
    }
    static std::string_view row_at(std::string_view bytes, std::size_t offset) {
        return bytes.substr(offset + size_bytes, size_at(bytes, offset));
    }
};

/// Rows in memory, given back in order of id, those of one id in order of arrival.
class sorted_rows {
public:
    /// Growing by doubling would move all of it again and again.
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

    void add(std::string_view row) {
        auto const id = sql::copied_event_id(row);
        in_order_ = in_order_ && (index_.empty() || index_.back().id <= id);
        index_.push_back({id, bytes_.size()});
        row_bytes::append(bytes_, row);
    }
    /// What it takes of memory, about.
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() + index_.size() * sizeof(entry); }
    [[nodiscard]] bool empty() const noexcept { return index_.empty(); }

    void sort() {
        if (in_order_) return;
        std::sort(index_.begin(), index_.end(),
                  [](entry const& a, entry const& b) { return a.id != b.id ? a.id < b.id : a.offset < b.offset; });
    }

    /// The next row, after sort().
    std::optional<std::string_view> next() {
        if (at_ == index_.size()) return std::nullopt;
        return row_bytes::row_at(bytes_, index_[at_++].offset);
    }

    /// Appends all rows, sorted, to `file`.
    void write(spool_file& file) {
        if (in_order_) return file.append(bytes_);
        sort();
        std::string out;
        while (auto const row = next()) {
            row_bytes::append(out, *row);
            if (out.size() < block) continue;
            file.append(out);
            out.clear();
        }
        file.append(out);
    }

    void clear() noexcept {
        bytes_.clear();
        index_.clear();
        at_ = 0;
        in_order_ = true;
    }

private:
    static constexpr std::size_t block = std::size_t{256} << 10U;

    struct entry {
        std::int64_t id;
        std::size_t offset;
    };

    std::string bytes_{};
    std::vector<entry> index_{};
    std::size_t at_ = 0;
    bool in_order_ = true;
};

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
        auto const more = std::min(std::max(size - kept, block), end_ - at_);
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

    void sort() {
        if (!file_) return rows_.sort();
        write_run();
        rows_ = {};
        // Each run has its block in memory while all are merged.
        block_ = std::clamp(memory_ / runs_.size(), std::size_t{4} << 10U, std::size_t{256} << 10U);
        for (auto& run : runs_) {
            run.advance(*file_, block_);
            heads_.push_back(&run);
        }
        std::make_heap(heads_.begin(), heads_.end(), later);
    }

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
        rows_.reserve(std::min(memory_, most_at_once));
    }

    void write_run() {
        if (rows_.empty()) return;
        if (!file_) file_ = std::make_unique<spool_file>();
        auto const begin = file_->size();
        rows_.write(*file_);
        rows_.clear();
        runs_.emplace_back(begin, file_->size());
    }

    /// Takes the row that was given last off its run. As runs overlap little, its next row is most often the next of
    /// all.
    void step() {
        if (heads_.empty()) return;
        auto* const run = heads_.front();
        bool const more = run->advance(*file_, block_);
        if (more && still_first(run)) return;
        std::pop_heap(heads_.begin(), heads_.end(), later);
        if (more) std::push_heap(heads_.begin(), heads_.end(), later);
        else heads_.pop_back();
    }

    [[nodiscard]] bool still_first(spooled_run const* run) const {
        return (heads_.size() < 2 || !later(run, heads_[1])) && (heads_.size() < 3 || !later(run, heads_[2]));
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
