// Bodies of <pgq/policy/sorted_rows.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/sorted_rows.hpp>

namespace pgq::detail {

PGQ_INLINE void sorted_rows::sort() {
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

PGQ_INLINE void sorted_rows::write(spool_file& file) {
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

PGQ_INLINE void sorted_rows::merge(std::size_t begin, std::size_t middle, std::size_t end,
                                   std::vector<entry>& into) const {
    auto left = begin, right = middle;
    for (auto at = begin; at < end; ++at) {
        bool const from_left = right == end || (left < middle && index_[left].id <= index_[right].id);
        into[at] = index_[from_left ? left++ : right++];
    }
}

}  // namespace pgq::detail
