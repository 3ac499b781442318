#include <pgq/stop.hpp>

#include <support/boost_test.hpp>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

BOOST_AUTO_TEST_SUITE(pgq_stop)

using namespace std::chrono_literals;

namespace {

/// True once a stop was requested; false when that takes longer than a test may.
bool requested(std::stop_token const& token) {
    for (int i = 0; i < 6000 && !token.stop_requested(); ++i)
        std::this_thread::sleep_for(5ms);
    return token.stop_requested();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_signal_becomes_a_stop_request) {
    for (int const signal : {SIGTERM, SIGINT}) {
        auto const stop = pgq::stop_on_signals();
        BOOST_TEST(!stop.token().stop_requested());
        ::kill(::getpid(), signal);
        BOOST_TEST(requested(stop));
    }
}

BOOST_AUTO_TEST_CASE(without_a_signal_nothing_is_requested) {
    std::stop_token kept;
    {
        auto const stop = pgq::stop_on_signals();
        kept = stop;
    }
    BOOST_TEST(!kept.stop_requested());
}

BOOST_AUTO_TEST_CASE(a_late_stop_follows_the_first) {
    std::stop_source first;
    pgq::late_stop const late{first.get_token(), 1ms};
    BOOST_TEST(!late.token().stop_requested());
    first.request_stop();
    BOOST_TEST(requested(late.token()));
}

BOOST_AUTO_TEST_CASE(a_late_stop_does_not_wait_when_it_is_not_needed_any_more) {
    std::stop_source first;
    first.request_stop();
    std::stop_token kept;
    {
        pgq::late_stop const late{first.get_token(), 1h};
        kept = late.token();
    }
    BOOST_TEST(!kept.stop_requested());
}

BOOST_AUTO_TEST_SUITE_END()
