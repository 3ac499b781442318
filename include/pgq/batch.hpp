/// A batch in the hand of a user who does without stages: an input range of events that is finished at most once.
/// Not for unattended work: <pgq/consumer.hpp> and <pgq/runner.hpp> handle failures, verdicts and waiting.
#pragma once

#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/outcome.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/fetch.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/verdicts.hpp>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace pgq {

/// The events between two ticks, in order, once: `for (pgq::event const& ev : *batch)`. Models
/// std::ranges::input_range. Left unfinished, it is delivered again as a whole.
template <class Db, batch_source<Db> Source, class Fetch> class batch {
    static_assert(fetch_policy<Fetch, Db> && detail::opens_a_batch<Fetch, Db>,
                  "pgq::open_batch needs a fetch policy with open(db, batch_info), since the loop is the caller's, for "
                  "the Db and the Fetch named above");
    using reader = decltype(std::declval<Fetch const&>().open(std::declval<Db&>(), batch_info{}));

public:
    /// Single pass; the event lives until the iterator moves on.
    class iterator {
    public:
        using iterator_concept = std::input_iterator_tag;
        using value_type = event;
        using difference_type = std::ptrdiff_t;

        iterator() = default;
        explicit iterator(reader& from) : from_{&from}, at_{from.next()} {}
        event const& operator*() const { return *at_; }
        event const* operator->() const { return at_; }
        iterator& operator++() {
            at_ = from_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(iterator const& it, std::default_sentinel_t) { return it.at_ == nullptr; }

    private:
        reader* from_ = nullptr;
        event const* at_ = nullptr;
    };

    batch(Db& db, Source source, batch_info info, Fetch const& fetch)
        : db_{&db}, source_{std::move(source)}, info_{info}, reader_{std::make_unique<reader>(fetch.open(db, info))} {}
    batch(batch&& other) noexcept
        : db_{std::exchange(other.db_, nullptr)}, source_{std::move(other.source_)}, info_{other.info_},
          reader_{std::move(other.reader_)}, told_{std::move(other.told_)} {}
    batch& operator=(batch&&) = delete;
    ~batch() = default;

    /// Which batch it is, and between which ticks. Valid as long as the batch.
    [[nodiscard]] batch_info const& info() const { return info_; }

    /// @throws usage_error  the second time: the events come once
    iterator begin() {
        if (!reader_ || std::exchange(begun_, true)) throw usage_error{"the events of a batch can be read once"};
        return iterator{*reader_};
    }
    [[nodiscard]] std::default_sentinel_t end() const { return {}; }

    /// Has the event delivered again, not before `delay`. Takes effect with finish().
    void retry(event const& ev, std::chrono::seconds delay) { told_.book.note(ev, retry_in(delay)); }
    /// Moves the event to the dead-letter queue. Takes effect with finish().
    void set_aside(event const& ev, std::string reason) { told_.book.note(ev, dead_letter(std::move(reason))); }

    /// Tells the server what became of the events and ends the batch; in the caller's transaction if there is one.
    /// @throws fenced_error  when the batch is not ours any more
    /// @throws usage_error   the second time, and when letters have nowhere to go
    void finish(dead_letters const& letters = {}) {
        if (db_ == nullptr || !reader_) throw usage_error{"this batch was finished before, or moved from"};
        reader_.reset();
        Db& db = *db_;
        auto const settle = [&] {
            told_.book.send(db, info_.id, letters, source_.queue, source_.consumer);
            source_.finish(db, info_.id);
        };
        if constexpr (transactional<Db>) {
            if (!db.in_transaction()) {
                detail::open_transaction scope{db};
                settle();
                return scope.commit();
            }
        }
        settle();
    }

private:
    struct told {
        std::unique_ptr<detail::first_errors> history = std::make_unique<detail::first_errors>();
        detail::verdicts book{*history};
    };

    Db* db_;
    Source source_;
    batch_info info_;
    std::unique_ptr<reader> reader_;
    told told_{};
    bool begun_ = false;
};

/// Opens the next batch of `source`; nothing when no tick has come since the last.
template <class Db, batch_source<Db> Source, class Fetch = whole_batch>
std::optional<batch<Db, Source, Fetch>> open_batch(Db& db, Source source, Fetch const& fetch = {}) {
    auto const info = source.next(db);
    if (!info) return std::nullopt;
    return std::optional<batch<Db, Source, Fetch>>{std::in_place, db, std::move(source), *info, fetch};
}

}  // namespace pgq
