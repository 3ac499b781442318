#include <pgq/consumer.hpp>
#include <pgq/policy/tracked.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_tracked)

using boost::test_tools::per_element;
using support::event_row;
using support::scripted_session;
using lines = std::vector<std::string>;

namespace {

pgq::subscription const orders{"orders", "mover"};

/// A target whose log, and the source's, are one: what happens where, in order.
struct place {
    std::shared_ptr<lines> log;
    std::string name;
    scripted_session session{};

    auto execute(std::string_view sql, std::span<pgq::parameter const> values) {
        auto rows = session.execute(sql, values);
        note();
        return rows;
    }
    void begin() {
        told([&] { session.begin(); });
    }
    void commit() {
        told([&] { session.commit(); });
    }
    void rollback() {
        told([&] { session.rollback(); });
    }
    [[nodiscard]] bool in_transaction() const { return session.in_transaction(); }

private:
    void told(auto const& call) {
        auto const before = session.log.size();
        call();
        if (session.log.size() > before) note();
    }
    void note() {
        auto const& line = session.log.back();
        log->push_back(name + ": " + line.substr(0, line.find(' ', 20)));
    }
};

struct play {
    std::shared_ptr<lines> log = std::make_shared<lines>();
    place source{log, "source"};

    explicit play(std::vector<support::scripted_row> events) {
        source.session.answer("next_batch_custom", {{"7", "20", "19", "3"}});
        source.session.answer("get_batch_events", std::move(events));
        source.session.answer("finish_batch", {{"1"}});
    }
    auto target(std::string fresh, std::string reached = "20") {
        return [this, fresh = std::move(fresh), reached = std::move(reached)] {
            place there{log, "target"};
            there.session.answer("advance_tick", {{fresh}});
            there.session.answer("get_last_tick", {{reached}});
            return there;
        };
    }
    bool happened(std::string const& first, std::string const& then) const {
        auto const at = [&](std::string const& line) {
            for (std::size_t i = 0; i < log->size(); ++i) {
                if ((*log)[i].starts_with(line)) return i;
            }
            return log->size();
        };
        return at(first) < at(then) && at(then) < log->size();
    }
};

constexpr auto store = [](pgq::event const&, pgq::transport auto& session) { pgq::query(session, "insert"); };

}  // namespace

BOOST_AUTO_TEST_CASE(the_source_hears_of_a_batch_when_the_target_has_it) {
    play it{{event_row("1", "x", "")}};
    pgq::consumer mover{orders, pgq::tracked{it.target("t")}, store};
    BOOST_TEST(mover.step(it.source).value().counts.done == 1);
    auto const from = it.log->size() - 8;
    BOOST_TEST(lines(it.log->begin() + static_cast<std::ptrdiff_t>(from) - 1, it.log->end()) ==
                   (lines{"target: begin", "target: select pgq_ext.advance_tick($1,", "source: get_batch_events <7>",
                          "target: insert", "target: select set_config('synchronous_commit',", "target: commit",
                          "source: begin", "source: finish_batch <7>", "source: commit"}),
               per_element());
}

BOOST_AUTO_TEST_CASE(verdicts_are_kept_before_the_commit_and_sent_after_it) {
    play it{{event_row("1", "x", "")}};
    pgq::consumer mover{orders, pgq::tracked{it.target("t")},
                        [](pgq::event const&) { return pgq::retry_in(std::chrono::seconds{5}); }};
    BOOST_TEST(mover.step(it.source).value().counts.retried == 1);
    BOOST_TEST(it.happened("target: select pgq_ext.keep_retries", "target: commit"));
    BOOST_TEST(it.happened("source: begin", "target: select place"));
    BOOST_TEST(it.happened("target: select place", "source: finish_batch"));
}

BOOST_AUTO_TEST_CASE(a_batch_that_the_target_has_is_only_finished) {
    play it{{event_row("1", "x", "")}};
    pgq::consumer mover{orders, pgq::tracked{it.target("f")}, store};
    BOOST_TEST(mover.step(it.source).value().counts.events == 0);
    BOOST_TEST(!it.happened("target: begin", "target: insert"));
    BOOST_TEST(it.happened("target: commit", "source: finish_batch"));
}

BOOST_AUTO_TEST_CASE(a_batch_that_the_target_has_left_behind_is_refused) {
    play it{{event_row("1", "x", "")}};
    pgq::consumer mover{orders, pgq::tracked{it.target("f", "30")}, store};
    BOOST_CHECK_THROW(mover.step(it.source), pgq::fenced_error);
    BOOST_TEST(!it.happened("target: begin", "source: finish_batch"));
}

BOOST_AUTO_TEST_SUITE_END()
