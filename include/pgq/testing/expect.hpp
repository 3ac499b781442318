/// Checks of what became of events, for any test framework: what does not hold is thrown with a message that says what
/// is instead.
#pragma once

#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/waiting.hpp>
#include <pgq/testing/event_state.hpp>
#include <pgq/testing/server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing {

/// Something that a test expects does not hold. Its message is made for the test's reader.
class unmet : public std::logic_error {
    using std::logic_error::logic_error;
};

/// Made by expect(). Each check returns the same object, so that checks can follow each other. @throws unmet
class expectation {
public:
    expectation(server& db, std::string queue, std::string consumer)
        : db_{db}, queue_{std::move(queue)}, consumer_{std::move(consumer)} {}

    /// Where dead letters go when not to the queue's name with ".dead" behind it.
    expectation& letters_in(std::string queue) {
        letters_ = std::move(queue);
        return *this;
    }

    /// Finished, and neither handed back nor set aside.
    expectation& handled(std::int64_t id) {
        check(id, "was handled", [](event_state const& now) { return now.where == stands::handled; });
        return *this;
    }
    /// To be delivered again `delay` from now.
    expectation& retried(std::int64_t id, std::chrono::seconds delay) {
        check(id, "is to be delivered again in " + std::to_string(delay.count()) + " s",
              [&](event_state const& now) { return now.where == stands::retried && now.delay == delay; });
        return *this;
    }
    /// To be delivered again, whenever.
    expectation& retried(std::int64_t id) {
        check(id, "is to be delivered again", [](event_state const& now) { return now.where == stands::retried; });
        return *this;
    }
    /// In the queue for dead letters, with `reason` somewhere in the reason.
    expectation& set_aside(std::int64_t id, std::string_view reason = {}) {
        std::string wanted = "was set aside";
        if (!reason.empty()) wanted += " with \"" + std::string{reason} + "\" in the reason";
        check(id, wanted, [&](event_state const& now) {
            return now.where == stands::set_aside && now.reason.find(reason) != std::string::npos;
        });
        return *this;
    }
    /// Not delivered yet.
    expectation& waiting(std::int64_t id) {
        check(id, "waits", [](event_state const& now) { return now.where == stands::waiting; });
        return *this;
    }

    /// Handed out in a batch that is not finished: it comes again, whatever the handler has done with it.
    expectation& open(std::int64_t id) {
        check(id, "is in an open batch", [](event_state const& now) { return now.where == stands::open; });
        return *this;
    }

    /// No event waits, none is to be delivered again, no batch is open. Letters that were set aside do not count.
    expectation& nothing_left() {
        std::vector<std::int64_t> ids = db_.world().look([&](detail::view& all) {
            std::vector<std::int64_t> left;
            for (auto const& ev : detail::waiting_events(all, queue_, consumer_, {}, {}))
                left.push_back(ev.id);
            return left;
        });
        if (ids.empty()) return *this;
        std::string text =
            "expected nothing to be left for consumer \"" + consumer_ + "\" of queue \"" + queue_ + "\", but there is:";
        constexpr std::size_t most = 10;
        for (std::size_t i = 0; i < ids.size() && i < most; ++i)
            text += "\n  event " + std::to_string(ids[i]) + " " + state(ids[i]).told;
        if (ids.size() > most) text += "\n  and " + std::to_string(ids.size() - most) + " more";
        throw unmet{text};
    }

private:
    [[nodiscard]] event_state state(std::int64_t id) const { return state_of(db_, queue_, consumer_, id, letters_); }

    void check(std::int64_t id, std::string_view wanted, auto const& holds) const {
        auto const now = state(id);
        if (holds(now)) return;
        throw unmet{"expected that event " + std::to_string(id) + " of queue \"" + queue_ + "\" " +
                    std::string{wanted} + ", but for consumer \"" + consumer_ + "\" it " + now.told};
    }

    server& db_;
    std::string queue_;
    std::string consumer_;
    std::string letters_{};
};

/// `expect(db, "orders", "billing").handled(id).nothing_left()`. Looks at what is committed, in no session.
/// @throws unmet, and usage_error for an unknown queue or consumer
inline expectation expect(server& db, std::string queue, std::string consumer) {
    return {db, std::move(queue), std::move(consumer)};
}

/// How many answered statements that hold `part` were committed.
/// @throws unmet  when it is another number than `count`
inline void expect_committed(server const& db, std::string_view part, std::size_t count) {
    std::size_t found = 0;
    for (auto const& one : db.committed())
        found += detail::mentions(one.sql, part) ? 1 : 0;
    if (found == count) return;
    throw unmet{"expected " + std::to_string(count) + " committed statements with \"" + std::string{part} +
                "\", but there are " + std::to_string(found)};
}

}  // namespace pgq::testing
