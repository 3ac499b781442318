/// Rows of a batch in memory, put in order by their event's id.
/// Not for users: <pgq/policy/spooled.hpp>.
#pragma once

#include <pgq/policy/spool_file.hpp>
#include <pgq/sql/copied_event.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
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

    /// Merges ascending runs, which are few and long where rows are nearly in order. For this one use <algorithm> would
    /// cost each source that includes the framework a tenth of its time to compile.
    void sort();

    /// The next row, after sort().
    std::optional<std::string_view> next() {
        if (at_ == index_.size()) return std::nullopt;
        return row_bytes::row_at(bytes_, index_[at_++].offset);
    }

    /// Appends all rows, sorted, to `file`.
    void write(spool_file& file);

    void clear() noexcept {
        bytes_.clear();
        index_.clear();
        at_ = 0;
        in_order_ = true;
    }

private:
    static constexpr std::size_t block = std::size_t{256} << 10U;

    struct entry {
        std::int64_t id = 0;
        std::size_t offset = 0;
    };

    /// Those from `begin` and those from `middle` on, each in order; of one id the former first.
    void merge(std::size_t begin, std::size_t middle, std::size_t end, std::vector<entry>& into) const;

    std::string bytes_{};
    std::vector<entry> index_{};
    std::size_t at_ = 0;
    bool in_order_ = true;
};

}  // namespace pgq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/sorted_rows.ipp>
#endif
