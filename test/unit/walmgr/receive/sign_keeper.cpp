#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/receive/sign_keeper.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/memory.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_receive_sign_keeper)

using support::is_fault;
using support::small_cluster;
using walmgr::fault;
using walmgr::lsn;
using walmgr::timeline;

namespace {

constexpr timeline first{1};
constexpr std::chrono::seconds long_enough{60};
constexpr walmgr::backoff often{.first = std::chrono::milliseconds{1}, .longest = std::chrono::milliseconds{1}};

/// A repository that can be away.
struct place {
    walmgr::memory_store held{};
    std::atomic<bool> away = false;

    [[nodiscard]] std::vector<walmgr::receiver_sign> signs() const {
        return find_receivers(held, small_cluster, first);
    }
    [[nodiscard]] bool receives() const { return signs().size() == 1 && !signs().front().has; }
    [[nodiscard]] bool has(lsn at) const { return signs().size() == 1 && signs().front().has == at; }
};

using places = std::map<std::string, place>;

auto opener_of(places& all) {
    return [&all](std::string const& location) {
        if (all.at(location).away) throw walmgr::error{fault::unavailable, location + " is away"};
        return walmgr::repository{walmgr::any_store{all.at(location).held, location}, small_cluster};
    };
}

auto keeper() {
    return walmgr::sign_keeper{walmgr::receiver_place{"vault", "/partial", "1"}, pgq::no_log{}, often};
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_repository_has_what_is_wanted_and_one_that_was_away_gets_it_when_it_comes_back) {
    places all;
    all["a"].away = true;
    auto& b = all["b"];
    auto signs = keeper();
    signs.go_by({"a", "b"}, opener_of(all));
    signs.sign_on(first);
    BOOST_TEST(b.receives());
    all["a"].away = false;
    signs.sign_off(first, lsn{0x300'0028});
    signs.settle(long_enough);
    BOOST_TEST(all["a"].has(lsn{0x300'0028}));
    BOOST_TEST(b.has(lsn{0x300'0028}));
    signs.sign_on(first);
    signs.settle(long_enough);
    BOOST_TEST((all["a"].receives() && b.receives()));
    signs.forget(first);
    signs.settle(long_enough);
    BOOST_TEST((all["a"].signs().empty() && b.signs().empty()));
}

BOOST_AUTO_TEST_CASE(where_none_can_be_told_that_is_said_and_told_nevertheless_as_soon_as_one_can) {
    places all;
    for (auto const* const name : {"a", "b"})
        all[name].away = true;
    auto signs = keeper();
    signs.go_by({"a", "b"}, opener_of(all));
    BOOST_CHECK_EXCEPTION(signs.sign_on(first), walmgr::error, is_fault(fault::unavailable, "a is away; b is away"));
    all["b"].away = false;
    signs.sign_on(timeline{2});
    BOOST_TEST(all["b"].receives());
}

BOOST_AUTO_TEST_CASE(one_that_is_silent_holds_nothing_up_and_a_new_one_hears_what_was_wanted_before) {
    places all;
    std::promise<void> over;
    auto const ends = over.get_future().share();
    auto const open = [ends, way = opener_of(all)](std::string const& location) {
        if (location == "silent") ends.wait();
        return way(location);
    };
    for (auto const* const name : {"silent", "b", "c"})
        all[name].away = false;
    auto signs = keeper();
    signs.go_by({"silent", "b"}, open);
    signs.sign_on(first);
    BOOST_TEST(all["b"].receives());
    signs.settle(std::chrono::milliseconds{1});
    signs.go_by({"b", "c"}, open);
    signs.settle(long_enough);
    BOOST_TEST(all["c"].receives());
    over.set_value();
}

BOOST_AUTO_TEST_SUITE_END()
