#include <pgq/metrics.hpp>
#include <pgq/prometheus.hpp>

#include <support/boost_test.hpp>

#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_metrics)

namespace {

struct no_recorder {
    [[nodiscard]] static int* of(std::string_view, std::string_view) { return nullptr; }
};
static_assert(pgq::metrics_policy<pgq::no_metrics> && pgq::metrics_policy<pgq::count_in>);
static_assert(!pgq::metrics_policy<no_recorder> && !pgq::metrics_policy<int>);
static_assert(std::is_empty_v<pgq::no_metrics>);

bool holds(std::string const& text, std::string const& line) {
    return text.find('\n' + line + '\n') != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_duration_falls_into_the_first_bucket_that_holds_it) {
    pgq::histogram all;
    all.observe(-1);
    all.observe(0.001);
    all.observe(0.0011);
    all.observe(4000);
    BOOST_TEST(all.count(0) == 2U);
    BOOST_TEST(all.count(1) == 1U);
    BOOST_TEST(all.count(pgq::histogram::bounds.size()) == 1U);
    BOOST_TEST(all.sum() == 4000.0021, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_consumer_is_counted_under_its_name_and_batches_without_lag_count_too) {
    pgq::metrics all;
    pgq::count_in const policy{all};
    policy.of("orders", "billing")->batch({.events = 3, .retried = 1, .dead = 1, .seconds = 0.2, .lag_seconds = 1.5});
    policy.of("orders", "billing")->batch({.events = 2, .seconds = 0.1});
    policy.of("orders", "shipping")->reconnect();
    auto const& billing = all.of("orders", "billing");
    BOOST_TEST(billing.batches == 2U);
    BOOST_TEST(billing.events == 5U);
    BOOST_TEST(billing.retried == 1U);
    BOOST_TEST(billing.dead == 1U);
    BOOST_TEST(billing.lag_seconds.sum() == 1.5);
    BOOST_TEST(all.of("orders", "shipping").reconnects == 1U);
}

BOOST_AUTO_TEST_CASE(several_threads_lose_no_count) {
    pgq::metrics all;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                auto& mine = all.of("orders", "billing");
                for (int n = 0; n < 1000; ++n)
                    mine.batch({.events = 2, .seconds = 0.01});
            });
        }
    }
    BOOST_TEST(all.of("orders", "billing").events == 8000U);
    BOOST_TEST(all.of("orders", "billing").batch_seconds.sum() == 40.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(prometheus_gets_each_name_once_with_cumulative_buckets_and_quoted_labels) {
    pgq::metrics all;
    all.of("orders", "billing").batch({.events = 3, .seconds = 0.2, .lag_seconds = 0.004});
    all.of("orders", "billing").batch({.events = 1, .seconds = 0.3, .lag_seconds = 1e5});
    all.of("a\"b\\c\nd", "x").batch({.events = 7, .seconds = 1});
    auto const text = '\n' + pgq::prometheus_text(all);
    BOOST_TEST(
        holds(text, "# TYPE pgq_events_total counter\npgq_events_total{queue=\"orders\",consumer=\"billing\"} 4"));
    BOOST_TEST(holds(text, "pgq_events_total{queue=\"a\\\"b\\\\c\\nd\",consumer=\"x\"} 7"));
    BOOST_TEST(text.find("# TYPE pgq_events_total") == text.rfind("# TYPE pgq_events_total"));
    BOOST_TEST(holds(text, "pgq_batch_seconds_bucket{queue=\"orders\",consumer=\"billing\",le=\"0.1\"} 0"));
    BOOST_TEST(holds(text, "pgq_batch_seconds_bucket{queue=\"orders\",consumer=\"billing\",le=\"0.25\"} 1"));
    BOOST_TEST(holds(text, "pgq_batch_seconds_bucket{queue=\"orders\",consumer=\"billing\",le=\"0.5\"} 2"));
    BOOST_TEST(holds(text, "pgq_batch_seconds_sum{queue=\"orders\",consumer=\"billing\"} 0.5"));
    BOOST_TEST(holds(text, "pgq_lag_seconds_bucket{queue=\"orders\",consumer=\"billing\",le=\"3600\"} 1"));
    BOOST_TEST(holds(text, "pgq_lag_seconds_bucket{queue=\"orders\",consumer=\"billing\",le=\"+Inf\"} 2"));
    BOOST_TEST(holds(text, "pgq_lag_seconds_count{queue=\"a\\\"b\\\\c\\nd\",consumer=\"x\"} 0"));
    BOOST_TEST(text.ends_with('\n'));
}

BOOST_AUTO_TEST_SUITE_END()
