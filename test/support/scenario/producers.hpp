/// Three producers of a random story, each with transactions of its own.
#pragma once

#include <pgq/error.hpp>
#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/policy/insert_pipelined.hpp>
#include <pgq/policy/insert_with_lag.hpp>
#include <pgq/producer.hpp>
#include <pgq/sql/delivery.hpp>
#include <pgq/sql/savepoint.hpp>

#include <support/scenario/props.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace support {

template <class World> class producers {
public:
    static constexpr std::size_t count = 3;

    explicit producers(props<World>& all) : all_{all} {}

    /// False when it is nothing for a producer.
    bool play(scene const& now) {
        using namespace std::chrono_literals;
        auto const index = now.who % count;
        auto& db = all_.producer(index);
        auto& own = open_.at(index);
        switch (now.what) {
        case act::begin:
            if (!db.in_transaction()) db.begin();
            return true;
        case act::put: {
            auto const data = next();
            stored(index, data, pgq::sql::insert_event(db, all_.queue, event(data)));
            return true;
        }
        case act::put_many:
            if (now.number % 3 == 0) put_many(index, pgq::insert_bulk{.rows = 2}, 3);
            else if (now.number % 3 == 1) put_many(index, pgq::insert_copy{}, 2);
            else put_many(index, pgq::insert_pipelined{}, 2);
            return true;
        case act::put_later:
            put_later(index, std::chrono::seconds{1'000} * (now.number % 3) + 500s);
            return true;
        case act::cancel_later:
            if (!later_.empty()) cancel(now.number % later_.size());
            return true;
        case act::put_once:
            put_once(index, now.number);
            return true;
        case act::put_with_lag: {
            auto const data = next();
            pgq::producer out{db, all_.queue, pgq::insert_with_lag{}};
            auto const made = out.insert(event(data));
            stored(index, data, made.id);
            // A real transaction's own time stands still, while we move what it looks at.
            all_.note("lag " + std::to_string(made.lag.events) +
                      (db.in_transaction() ? "" : " since " + steps_of(made.lag.time)));
            return true;
        }
        case act::set_savepoint:
            if (!db.in_transaction()) return true;
            pgq::sql::set_savepoint(db);
            own.kept = own.made;
            return true;
        case act::back_to_savepoint:
            if (!db.in_transaction()) return true;
            pgq::sql::rollback_to_savepoint(db);
            own.made = own.kept;
            return true;
        case act::commit:
            commit(index);
            return true;
        case act::rollback:
        case act::die:
            if (now.what == act::die) all_.die(db);
            else db.rollback();
            forget(index);
            return true;
        default:
            return false;
        }
    }

    /// True while an open transaction has rows with times, which a real server's time cannot pass by.
    [[nodiscard]] bool hold_time() const {
        return std::any_of(open_.begin(), open_.end(),
                           [](auto const& one) { return !one.keys.empty() || !one.made.later.empty(); });
    }

    /// Commits what is open; what has failed is undone.
    void end() {
        for (std::size_t index = 0; index < count; ++index) {
            try {
                commit(index);
            } catch (pgq::error const& failure) { all_.note(failure.what()); }
        }
    }

private:
    /// Numbers of delayed events, as the first of the story is number 1, and what they hold.
    using delayed = std::pair<std::int64_t, std::string>;
    struct work {
        std::vector<std::string> data{};
        std::vector<delayed> later{};
    };
    struct open_work {
        work made{}, kept{};
        std::set<std::string> keys{};  ///< another's insert under these would wait
    };

    std::string next() { return std::to_string(++made_); }
    static pgq::new_event event(std::string const& data) { return {.type = "t", .data = data, .extra = {"e", {}, ""}}; }

    void stored(std::size_t index, std::string const& data, std::int64_t id) {
        all_.note("put " + data + " as " + std::to_string(id));
        stored(index, data);
    }
    void stored(std::size_t index, std::string const& data) {
        if (all_.producer(index).in_transaction()) open_.at(index).made.data.push_back(data);
        else ++all_.expected[data];
    }

    void put_many(std::size_t index, auto policy, int many) {
        pgq::producer out{all_.producer(index), all_.queue, policy};
        std::vector<std::string> data;
        for (int i = 0; i < many; ++i)
            data.push_back(next());
        for (auto const& one : data)  // a refusal may come with any of them
            out.insert(pgq::new_event{.type = "t", .data = one});
        all_.note("put " + data.front() + " and more, " + std::to_string(out.finish()));
        for (auto const& one : data)
            stored(index, one);
    }

    void put_later(std::size_t index, std::chrono::seconds delay) {
        auto const data = next();
        auto& db = all_.producer(index);
        auto const number = static_cast<std::int64_t>(
            pgq::sql::insert_event_after(db, all_.queue, pgq::deliver_after{delay}, event(data)));
        all_.note("later " + data);
        if (db.in_transaction()) {
            open_.at(index).made.data.push_back(data);
            open_.at(index).made.later.emplace_back(number, data);
        } else {
            ++all_.expected[data];
            later_.emplace_back(number, data);
        }
    }
    void cancel(std::size_t at) {
        auto const [number, data] = later_.at(at);
        auto const gone = pgq::sql::cancel_delayed_event(all_.control(), all_.queue, pgq::delayed_id{number});
        all_.note("cancel " + data + (gone ? "" : " too late"));
        if (gone) all_.expected.erase(data);
    }

    void put_once(std::size_t index, unsigned number) {
        using namespace std::chrono_literals;
        auto const key = "k" + std::to_string(number % 4);
        for (std::size_t i = 0; i < count; ++i) {
            if (i != index && open_.at(i).keys.contains(key)) return;
        }
        auto& db = all_.producer(index);
        if (db.in_transaction()) open_.at(index).keys.insert(key);
        auto const data = next();
        auto const window = number % 2 == 0 ? 1'500s : 2'500s;
        auto const [id, fresh] = pgq::sql::insert_event_once(db, all_.queue, key, window, event(data));
        if (fresh) stored(index, data, id);
        else all_.note(key + " is there as " + std::to_string(id));
    }

    void commit(std::size_t index) {
        auto& db = all_.producer(index);
        if (!db.in_transaction()) return;
        try {
            db.commit();
        } catch (...) {
            forget(index);
            throw;
        }
        auto const made = std::move(open_.at(index).made);
        for (auto const& data : made.data)
            ++all_.expected[data];
        later_.insert(later_.end(), made.later.begin(), made.later.end());
        forget(index);
    }
    void forget(std::size_t index) { open_.at(index) = {}; }

    props<World>& all_;
    std::array<open_work, count> open_{};
    std::vector<delayed> later_{};
    int made_ = 0;
};

}  // namespace support
