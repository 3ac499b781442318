/// The batch read to its end before the first handler runs, in memory as far as a limit, the rest in a file. Neither a
/// transaction nor the session is held while handlers run, and memory is bounded whatever the batch.
#pragma once

#include <pgq/policy/completion.hpp>
#include <pgq/policy/fetch.hpp>
#include <pgq/policy/spool_file.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pgq {
namespace detail {

template <transactional Db> class spool_reader {
    using answer_rows = decltype(sql::fetch_batch_cursor(std::declval<Db&>(), 1));

public:
    spool_reader(Db& db, batch_info const& batch, chunk_size chunk, std::size_t memory) {
        if (auto all = small_batch(db, batch, chunk.rows())) {
            chunks_.emplace_back(std::move(*all));
        } else if (db.in_transaction()) {
            fill(db, batch.id, chunk, memory);
        } else {
            open_transaction scope{db};
            fill(db, batch.id, chunk, memory);
            scope.commit();
        }
    }

    event const* next() {
        while (chunk_ < chunks_.size()) {
            auto const& rows = *chunks_[chunk_];
            if (at_ < rows.size()) {
                sql::read_event(rows, at_++, event_);
                return &event_;
            }
            chunks_[chunk_++].reset();
            at_ = 0;
        }
        return file_ && file_->next(event_) ? &event_ : nullptr;
    }

private:
    void fill(Db& db, batch_id batch, chunk_size chunk, std::size_t memory) {
        std::size_t held = 0;
        int asked = chunk.rows();
        for (answer_rows answer = sql::open_batch_cursor(db, batch, asked);;
             answer = sql::fetch_batch_cursor(db, asked)) {
            bool const last = answer.size() < static_cast<std::size_t>(asked);
            std::size_t bytes = 0;
            for (std::size_t row = 0; row < answer.size(); ++row) {
                if (file_ || !last) {
                    sql::read_event(answer, row, event_);
                    bytes += bytes_of(event_) + overhead;
                }
                if (file_) file_->append(event_);
            }
            held += bytes;
            chunk.adapt(answer.size(), bytes);
            if (!file_) chunks_.emplace_back(std::move(answer));
            if (last) break;
            if (!file_ && held > memory) file_ = std::make_unique<spool_file>();
            asked = chunk.rows();
        }
        sql::close_batch_cursor(db);
        if (file_) file_->rewind();
    }

    static constexpr std::size_t overhead = event_column_count * 16;  // what a row of an answer takes beside its data

    std::vector<std::optional<answer_rows>> chunks_{};
    std::unique_ptr<spool_file> file_{};
    std::size_t chunk_ = 0;
    std::size_t at_ = 0;
    event event_{};
};

}  // namespace detail

/// `memory`: bytes of the batch kept in memory. The file goes to $TMPDIR, or /var/tmp.
struct spooled {
    using policy_axis = fetch_axis;
    static constexpr occupies keeps = occupies::nothing;
    std::size_t memory = std::size_t{16} << 20U;

    template <transactional Db> auto open(Db& db, batch_info const& batch) const {
        return detail::spool_reader<Db>{db, batch, {10'000, std::size_t{2} << 20U}, memory};
    }
};

}  // namespace pgq
