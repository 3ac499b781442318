// Bodies of <pgq/policy/spool.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/spool.hpp>

namespace pgq::detail {

PGQ_INLINE void spool::sort() {
    if (!file_) return rows_.sort();
    write_run();
    rows_ = {};
    // Each run has its block in memory while all are merged.
    constexpr auto least = std::size_t{4} << 10U, most = std::size_t{256} << 10U;
    auto const share = memory_ / runs_.size();
    block_ = share < least ? least : share > most ? most : share;
    for (auto& run : runs_) {
        run.advance(*file_, block_);
        heads_.push_back(&run);
    }
    for (auto at = heads_.size(); at-- > 0;)
        sift(at);
}

PGQ_INLINE void spool::write_run() {
    if (rows_.empty()) return;
    if (!file_) file_ = std::make_unique<spool_file>();
    auto const begin = file_->size();
    rows_.write(*file_);
    rows_.clear();
    runs_.emplace_back(begin, file_->size());
}

}  // namespace pgq::detail
