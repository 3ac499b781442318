#include <support/wal.hpp>
#include <walmgr/backup/take.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/store/memory.hpp>

BOOST_AUTO_TEST_SUITE(walmgr_lease)

using namespace walmgr;
using support::is_fault;
using support::small_cluster;

namespace {

lease_holder elsewhere(std::int64_t silent_for) {
    return {.host = "elsewhere",
            .boot_id = "1",
            .pid = 12,
            .began = "77",
            .work = "backup",
            .since = detail::seconds_now() - silent_for};
}

auto const nothing_said = [](std::string const& text) { BOOST_ERROR(text); };

}  // namespace

BOOST_AUTO_TEST_CASE(one_at_a_time) {
    memory_store const where;
    auto const us = this_host_holder("backup");
    auto mine = take_lease(where, small_cluster, us, nothing_said);
    BOOST_TEST(mine.is_ours(where));
    BOOST_CHECK_EXCEPTION(take_lease(where, small_cluster, us, nothing_said), error,
                          is_fault(fault::locked, "backup, process " + std::to_string(::getpid())));
    mine.beat(where);
    mine.beat(where);
    BOOST_TEST(where.list("main/leases/backup").size() == 2U);
    mine.release(where);
    BOOST_TEST(where.list("main/leases/backup").empty());
    BOOST_TEST(!mine.is_ours(where));
    take_lease(where, small_cluster, us, nothing_said).release(where);
}

BOOST_AUTO_TEST_CASE(what_was_left_behind_is_taken_over_and_said) {
    auto us = this_host_holder("backup");
    us.machine = "this one";
    us.pids = detail::pids_of_machine;
    auto gone = us;
    gone.began = "1";  // another process had that number
    auto rebooted = us;
    rebooted.boot_id = "before";
    for (auto const& left : {gone, rebooted, elsewhere(3600)}) {
        memory_store const where;
        auto const before = take_lease(where, small_cluster, left, nothing_said);
        std::string said;
        auto const mine = take_lease(where, small_cluster, us, [&](std::string const& text) { said = text; });
        BOOST_TEST(said.find("left behind") != said.npos);
        BOOST_TEST(mine.is_ours(where));
        BOOST_TEST(!before.is_ours(where));
        BOOST_TEST(where.list("main/leases/backup").size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(a_backup_whose_lock_was_taken_over_before_or_while_it_is_sealed_is_none) {
    struct taken_over {
        int after;
        mutable int asked = 0;
        bool is_ours(memory_store const& /*where*/) const { return asked++ < after; }
    };
    memory_store const where;
    backup_record const record{.label = "20260131T120102Z-F", .size = small_cluster.size};
    auto const folder = backup_folder(small_cluster, record.label);
    auto const seal = [&](auto const& held) { seal_backup(where, small_cluster, stored{}, record, held); };
    for (int looks = 0; looks < 2; ++looks) {
        BOOST_CHECK_EXCEPTION(seal(taken_over{looks}), error, is_fault(fault::locked, "lease of this backup"));
        BOOST_TEST(where.list(folder).empty());
    }
    auto without_parts = record;
    without_parts.parts = {{"main-0000.tar", 1, 1, {}, 0, {}}};
    BOOST_CHECK_EXCEPTION(seal_backup(where, small_cluster, stored{}, without_parts, no_lock{}), error,
                          is_fault(fault::locked));
    BOOST_TEST(where.list(folder).empty());
    seal(take_lease(where, small_cluster, this_host_holder("backup"), nothing_said));
    BOOST_TEST(where.list(folder).size() == 1U);
    BOOST_CHECK_EXCEPTION(seal(no_lock{}), error, is_fault(fault::duplicate));
}

BOOST_AUTO_TEST_CASE(another_host_that_lives_keeps_its_lease) {
    auto const us = this_host_holder("backup");
    memory_store const where;
    auto theirs = take_lease(where, small_cluster, elsewhere(5), nothing_said);
    BOOST_CHECK_EXCEPTION(take_lease(where, small_cluster, us, nothing_said), error, is_fault(fault::locked));
    memory_store const other;
    auto old = take_lease(other, small_cluster, elsewhere(3600), nothing_said);
    old.beat(other);
    BOOST_CHECK_EXCEPTION(take_lease(other, small_cluster, us, nothing_said), error, is_fault(fault::locked));
    auto by_hand = elsewhere(36'000);
    by_hand.beats = false;  // by xlock: nobody gives signs of life
    memory_store const third;
    take_lease(third, small_cluster, by_hand, nothing_said);
    BOOST_CHECK_EXCEPTION(take_lease(third, small_cluster, us, nothing_said), error, is_fault(fault::locked));
}

BOOST_AUTO_TEST_CASE(a_name_is_no_machine) {
    auto us = this_host_holder("backup");
    us.machine = "this one";
    us.pids = detail::pids_of_machine;
    auto other = us;  // a machine of the same name
    other.boot_id = "theirs";
    other.machine = "that one";
    auto unnamed = other;  // one without an id
    unnamed.machine = "";
    auto container = us;  // of this machine, with the same name and the image's id
    container.pids = "pid:[1]";
    container.pid = 1 << 30;
    auto far_container = container;  // of another machine
    far_container.boot_id = "theirs";
    for (auto const& holder : {other, unnamed, container, far_container}) {
        auto sees = us;
        if (holder == far_container) sees.pids = holder.pids;  // from within one that has the same by chance
        memory_store const where;
        take_lease(where, small_cluster, holder, nothing_said);
        BOOST_CHECK_EXCEPTION(take_lease(where, small_cluster, sees, nothing_said), error, is_fault(fault::locked));
        auto silent = holder;
        silent.since -= 3600;
        memory_store const later;
        take_lease(later, small_cluster, silent, nothing_said);
        BOOST_CHECK_NO_THROW(take_lease(later, small_cluster, sees, [](std::string const&) {}));
    }
}

BOOST_AUTO_TEST_CASE(a_lease_of_old_is_read) {
    auto us = this_host_holder("backup");
    us.machine = "this one";
    us.pids = detail::pids_of_machine;
    auto const of_old = [&](lease_holder const& one) {
        return detail::read_holder("host=" + one.host + "\nboot=" + one.boot_id + "\npid=" + std::to_string(one.pid) +
                                   "\nbegan=" + one.began + "\nwork=backup\nsince=" + std::to_string(one.since) +
                                   "\nbeats=1\n");
    };
    auto const lives = of_old(us);
    BOOST_TEST(lives.machine.empty());
    BOOST_TEST(lives.pids.empty());
    auto const left = [&](lease_holder const& one) {
        return is_left_behind({.number = 1, .holder = one, .last_sign = one.since, .objects = {}}, us);
    };
    BOOST_TEST(!left(lives));
    auto gone = us;
    gone.began = "1";
    BOOST_TEST(left(of_old(gone)));
    auto rebooted = us;
    rebooted.boot_id = "before";  // or another machine of that name: it does not say
    BOOST_TEST(!left(of_old(rebooted)));
    rebooted.since -= 3600;
    BOOST_TEST(left(of_old(rebooted)));
    BOOST_TEST((detail::read_holder(detail::write_holder(us)) == us));
}

BOOST_AUTO_TEST_CASE(a_process_that_is_not_there_holds_nothing) {
    BOOST_CHECK_EXCEPTION(this_host_holder("backup", 1 << 30), error, is_fault(fault::usage));
    BOOST_TEST(!detail::process_began(::getpid()).empty());
    BOOST_TEST(detail::process_began(::getpid()).find_first_not_of("0123456789") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
