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
    void sort() {
        if (in_order_) return;
        std::vector<std::size_t> ends;
        for (std::size_t i = 1; i <= index_.size(); ++i) {
            if (i == index_.size() || index_[i].id < index_[i - 1].id) ends.push_back(i);
        }
        std::vector<entry> merged(index_.size());
        while (ends.size() > 1) {
            std::size_t begin = 0, runs = 0;
            for (std::size_t i = 0; i < ends.size(); i += 2) {
                auto const end = ends[i + 1 < ends.size() ? i + 1 : i];
                merge(begin, ends[i], end, merged);
                begin = ends[runs++] = end;
            }
            ends.resize(runs);
            index_.swap(merged);
        }
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
        std::int64_t id = 0;
        std::size_t offset = 0;
    };

    /// Those from `begin` and those from `middle` on, each in order; of one id the former first.
    void merge(std::size_t begin, std::size_t middle, std::size_t end, std::vector<entry>& into) const {
        auto left = begin, right = middle;
        for (auto at = begin; at < end; ++at) {
            bool const from_left = right == end || (left < middle && index_[left].id <= index_[right].id);
            into[at] = index_[from_left ? left++ : right++];
        }
    }

    std::string bytes_{};
    std::vector<entry> index_{};
    std::size_t at_ = 0;
    bool in_order_ = true;
};

}  // namespace pgq::detail
