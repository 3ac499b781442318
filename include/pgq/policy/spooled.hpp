/// The batch read to its end before the first handler runs, in memory as far as a limit, the rest in a file. Neither a
/// transaction nor the session is held while handlers run, and memory is bounded whatever the batch.
#pragma once

#include <pgq/policy/fetch.hpp>
#include <pgq/policy/spool.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace pgq {
namespace detail {

template <copy_source Db> class spool_reader {
public:
    spool_reader(Db& db, batch_info const& batch, std::size_t memory);

    event const* next() {
        if (small_) {
            if (at_ == small_->size()) return nullptr;
            sql::read_event(*small_, at_++, event_);
            return &event_;
        }
        auto const row = all_->next();
        if (!row) return nullptr;
        sql::read_copied_event(*row, event_);
        return &event_;
    }

private:
    static constexpr int few = 500;

    std::optional<decltype(sql::batch_events_up_to(std::declval<Db&>(), batch_id{}, few))> small_;
    std::size_t at_ = 0;
    std::optional<spool> all_{};
    event event_{};
};

// Not in the class, where it would be inline, and could not be compiled once: <pgq/compiled_once.hpp>.
template <copy_source Db>
spool_reader<Db>::spool_reader(Db& db, batch_info const& batch, std::size_t memory)
    : small_{small_batch(db, batch, few)} {
    if (small_) return;
    all_.emplace(memory);
    sql::copy_batch_events(db, batch.id, [this](std::string_view row) { all_->add(row); });
    all_->sort();
}

}  // namespace detail

/// `memory`: bytes of the batch kept in memory. The file goes to $TMPDIR, or /var/tmp. Events are put in order here,
/// not by the server, which spares it most of its work: this is the fastest way to read a large batch. It is one
/// statement: where the server's own statement_timeout is shorter than reading a batch takes, by_cursor gets through.
struct spooled {
    using policy_axis = fetch_axis;
    static constexpr occupies keeps = occupies::nothing;
    std::size_t memory = std::size_t{16} << 20U;

    template <copy_source Db> auto open(Db& db, batch_info const& batch) const {
        return detail::spool_reader<Db>{db, batch, memory};
    }
};

}  // namespace pgq
