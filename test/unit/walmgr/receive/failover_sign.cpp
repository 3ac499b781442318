#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/receive/failover_sign.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/receive/sign_keeper.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/faulty.hpp>
#include <walmgr/store/memory.hpp>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_receive_failover_sign)

using support::is_fault;
using support::small_cluster;
using walmgr::fault;
using walmgr::lsn;
using walmgr::memory_store;
using walmgr::timeline;

namespace {

constexpr timeline first{1};

/// Something happens just before an object is created whose name has a word in it.
struct meddled {
    memory_store held{};
    std::string word{};
    std::function<void()> happens{};

    [[nodiscard]] auto open(std::string const& name) const { return held.open(name); }
    [[nodiscard]] auto list(std::string const& folder) const { return held.list(folder); }
    [[nodiscard]] auto create(std::string const& name) const {
        if (name.find(word) != name.npos) happens();
        return held.create(name);
    }
    bool remove(std::string const& name) const { return held.remove(name); }
};

/// Has nothing to do.
struct idle {
    void add(std::string const& /*file*/, std::string const& /*name*/) {}
    void wait_until_empty(std::stop_token const& /*stop*/) {}
};

std::vector<walmgr::receiver_sign> signs_in(memory_store const& where) {
    return find_receivers(where, small_cluster, first);
}

/// The signs of a receiver that has that repository alone.
struct kept_signs : walmgr::sign_keeper<pgq::no_log, walmgr::no_retry> {
    explicit kept_signs(auto const& where) : sign_keeper{{"vault", "/partial", "1"}, pgq::no_log{}} {
        go_by({"here"}, [where](std::string const& shown) {
            return walmgr::repository{walmgr::any_store{where, shown}, small_cluster};
        });
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_cannot_sign_on_does_not_receive) {
    support::scratch_folder const files;
    walmgr::partial_folder folder{files.path()};
    memory_store const held;
    walmgr::faulty const where{held};
    idle archiver;
    folder.note_flushed({first, lsn{0x300'0028}});
    kept_signs signs{where};
    walmgr::failover_sign sign{where, small_cluster, folder, archiver, signs, pgq::no_log{}};
    sign.begin(first);
    BOOST_TEST(sign.receives(first));
    BOOST_TEST(!sign.receives(timeline{2}));
    where.fail_after(0);
    BOOST_CHECK_THROW(sign.begin(first), walmgr::error);
    BOOST_TEST(sign.receives(first));  // a lost connection is no end
    where.heal();
    sign.leave();
    BOOST_TEST((signs_in(held).front().has == lsn{0x300'0028}));
    BOOST_TEST(!sign.receives(first));
    where.fail_after(0);
    BOOST_CHECK_THROW(sign.begin(first), walmgr::error);
    BOOST_TEST(!sign.receives(first));
    where.heal();
    sign.begin(first);
    BOOST_TEST((sign.receives(first) && !signs_in(held).front().has));
}

BOOST_AUTO_TEST_CASE(a_timeline_that_is_given_up_at_this_moment_is_not_received) {
    for (bool const has_some : {true, false}) {
        support::scratch_folder const files;
        walmgr::partial_folder folder{files.path()};
        memory_store const held;
        meddled const where{held, "receivers/", [&] {
                                if (find_intent(held, small_cluster, first)) return;
                                BOOST_TEST(signs_in(held).empty());  // whoever gives it up now knows of nobody
                                record_intent(held, small_cluster, {first, lsn{}});
                            }};
        idle archiver;
        if (has_some) folder.note_flushed({first, lsn{0x300'0028}});
        kept_signs signs{where};
        walmgr::failover_sign sign{where, small_cluster, folder, archiver, signs, pgq::no_log{}};
        sign.begin(first);
        BOOST_TEST(!sign.receives(first));
        BOOST_CHECK_EXCEPTION(sign.require_open(first), walmgr::error, is_fault(fault::unavailable, "was given up"));
        sign.hand_over({});
        BOOST_TEST(signs_in(held).size() == (has_some ? 1U : 0U));
        if (has_some) BOOST_TEST((signs_in(held).front().has == lsn{0x300'0028}));
    }
}

BOOST_AUTO_TEST_SUITE_END()
