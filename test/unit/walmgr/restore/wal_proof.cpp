#include <support/wal.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/restore/choose.hpp>
#include <walmgr/restore/wal_proof.hpp>
#include <walmgr/store/memory.hpp>

#include <initializer_list>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_wal_proof)

using namespace walmgr;
using support::is_fault;
using support::small_cluster;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

lsn in_segment(std::uint64_t number, std::uint64_t offset = 4096) {
    return lsn{number * mib + offset};
}
void put(memory_store const& where, std::uint32_t tli, std::initializer_list<std::uint64_t> numbers) {
    for (auto const number : numbers) {
        auto const text = file_name({timeline{tli}, number}, small_cluster.size);
        auto out = where.create(object_name(small_cluster, *parse_wal_name(text), text));
        BOOST_TEST_REQUIRE(out.seal());
    }
}
void put_history(memory_store const& where, std::uint32_t tli, std::string const& bytes) {
    auto const text = history_name(timeline{tli});
    auto const name = *parse_wal_name(text);
    auto out = where.create(object_name(small_cluster, name, text));
    object_packer pack{out, stored{}};
    pack.write(bytes);
    pack.finish(detail::origin_of(name, small_cluster));
    BOOST_TEST_REQUIRE(out.seal());
}
std::string missing(memory_store const& where, lineage const& line, lsn start, std::optional<lsn> until = {}) {
    return shown(prove_wal(where, small_cluster, line, start, until).missing, small_cluster.size);
}

lineage const first{.past = {}, .own = timeline{1}};
lineage const second{.past = {{timeline{1}, in_segment(5)}}, .own = timeline{2}};

backup_record backup(std::string label, std::uint32_t tli, std::uint64_t start, std::uint64_t stop, std::string started,
                     std::string stopped) {
    backup_record one;
    one.label = std::move(label);
    one.tli = timeline{tli};
    one.start = in_segment(start);
    one.stop = in_segment(stop);
    one.started = std::move(started);
    one.stopped = std::move(stopped);
    return one;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_hole_is_named_and_the_end_is_none) {
    memory_store const where;
    put(where, 1, {2, 3, 4, 5, 6});
    BOOST_TEST(missing(where, first, in_segment(2)) == "");
    BOOST_TEST(missing(where, first, in_segment(2), in_segment(6)) == "");
    BOOST_TEST(missing(where, first, in_segment(2), lsn{7 * mib}) == "");  // up to the end of segment 6
    BOOST_TEST(missing(where, first, in_segment(2), lsn{7 * mib + 1}) == "000000010000000000000007");
    BOOST_TEST(missing(where, first, in_segment(1)) == "000000010000000000000001");
    put(where, 1, {9, 4098});
    BOOST_TEST(missing(where, first, in_segment(2)) ==
               "000000010000000000000007 to 000000010000000000000008 (2 segments), "
               "00000001000000000000000A to 000000010000000100000001 (4088 segments)");
    BOOST_TEST(missing(where, first, in_segment(2), in_segment(6)) == "");  // in front of the hole all is well
    auto const proof = prove_wal(where, small_cluster, first, in_segment(2), {});
    BOOST_TEST((proof.last == segment{timeline{1}, 4098}));
    BOOST_TEST(!prove_wal(where, small_cluster, second, in_segment(5000), {}).last);
}

BOOST_AUTO_TEST_CASE(a_branch_goes_on_with_its_own_segments) {
    memory_store const where;
    put(where, 1, {2, 3, 4});
    put(where, 2, {5, 6});
    BOOST_TEST(missing(where, second, in_segment(2)) == "");
    put(where, 1, {5, 6, 7, 8});  // what the old primary wrote beyond the branch is nobody's
    auto const proof = prove_wal(where, small_cluster, second, in_segment(2), {});
    BOOST_TEST((proof.missing.empty() && proof.last == segment{timeline{2}, 6}));
    BOOST_TEST(missing(where, second, in_segment(2), in_segment(7)) == "000000020000000000000007");
    BOOST_TEST(where.remove("main/wal/1/00000002/00000000/000000020000000000000005.wal"));
    BOOST_TEST(missing(where, second, in_segment(2)) == "000000020000000000000005");  // 1's ends within it
    BOOST_TEST(missing(where, second, in_segment(2), in_segment(5, 10)) == "");
    BOOST_TEST(where.remove("main/wal/1/00000001/00000000/000000010000000000000003.wal"));
    BOOST_TEST(missing(where, second, in_segment(2), in_segment(4)) == "000000010000000000000003");
}

BOOST_AUTO_TEST_CASE(an_accepted_gap_ends_the_log_where_no_end_is_asked_for) {
    memory_store const where;
    put(where, 1, {2, 3, 6, 9});
    std::vector<walmgr::wal_gap> const accepted{{timeline{1}, 4, 5}};
    auto proof = prove_wal(where, small_cluster, first, in_segment(2), {}, accepted);
    BOOST_TEST((proof.missing.empty() && proof.last == segment{timeline{1}, 3}));
    BOOST_TEST((proof.accepted == accepted.front()));
    proof = prove_wal(where, small_cluster, first, in_segment(2), in_segment(6), accepted);
    BOOST_TEST(proof.missing.size() == 1U);
    BOOST_TEST(!proof.accepted.has_value());
    // Only the first gap counts: recovery comes to no other.
    proof = prove_wal(where, small_cluster, first, in_segment(2), {}, {{timeline{1}, 7, 8}});
    BOOST_TEST(proof.missing.size() == 2U);
    proof = prove_wal(where, small_cluster, first, in_segment(4), {}, accepted);
    BOOST_TEST(!proof.last.has_value());
}

BOOST_AUTO_TEST_CASE(a_record_says_what_is_missing_at_the_end) {
    memory_store const where;
    put(where, 1, {2, 3, 4});
    put(where, 2, {5, 6});
    std::vector<walmgr::wal_gap> const recorded{{timeline{2}, 7, 8}};
    auto const proof = [&](auto const& line, std::optional<lsn> until, std::vector<walmgr::wal_gap> const& accepted) {
        return prove_wal(where, small_cluster, line, in_segment(2), until, accepted, recorded);
    };
    BOOST_TEST(shown(proof(second, {}, {}).missing, small_cluster.size) ==
               "000000020000000000000007 to 000000020000000000000008 (2 segments)");
    BOOST_TEST(proof(second, in_segment(6), {}).missing.empty());
    BOOST_TEST(proof(first, {}, {}).missing.empty());  // that is of another line
    auto const ended = proof(second, {}, recorded);
    BOOST_TEST((ended.missing.empty() && ended.accepted == recorded.front() && ended.last == segment{timeline{2}, 6}));
    put(where, 2, {7, 8});
    BOOST_TEST(proof(second, {}, {}).missing.empty());
}

BOOST_AUTO_TEST_CASE(a_timeline_needs_its_history) {
    memory_store const where;
    put(where, 1, {2});
    put(where, 3, {5});
    put_history(where, 2, "1\t0/501000\tno recovery target specified\n");
    auto const tlis = archived_timelines(where, small_cluster);
    BOOST_TEST((tlis == std::vector{timeline{1}, timeline{2}, timeline{3}}));
    BOOST_TEST((find_lineage(where, small_cluster, timeline{2}).past == second.past));
    BOOST_TEST(find_lineage(where, small_cluster, timeline{1}).past.empty());
    BOOST_CHECK_EXCEPTION(find_lineage(where, small_cluster, timeline{3}), error,
                          is_fault(fault::gap, "history of timeline 3 is not in the repository"));
    BOOST_TEST(contains(second, timeline{1}, in_segment(5)));
    BOOST_TEST(!contains(second, timeline{1}, in_segment(5, 4097)));
    BOOST_TEST(contains(second, timeline{2}, in_segment(99)));
    BOOST_TEST(!contains(second, timeline{3}, in_segment(1)));
}

BOOST_AUTO_TEST_CASE(the_newest_backup_that_ended_before_the_target_is_taken) {
    std::vector const all{backup("A", 1, 2, 2, "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"),
                          backup("B", 1, 4, 4, "2026-01-02T00:00:00Z", "2026-01-02T00:10:00Z"),
                          backup("C", 1, 7, 7, "2026-01-03T00:00:00Z", "2026-01-03T00:10:00Z"),
                          backup("D", 2, 8, 8, "2026-01-04T00:00:00Z", "2026-01-04T00:10:00Z")};
    auto const chosen = [&](recovery_target const& target, lineage const& line) {
        return choose_backup(all, line, target).label;
    };
    BOOST_TEST(chosen({}, first) == "C");
    BOOST_TEST(chosen({}, second) == "D");
    BOOST_TEST(chosen(target_at_position("0/600000"), second) == "B");  // C was taken beyond the branch
    BOOST_TEST(chosen(target_at_time("2026-01-02 00:10:01Z"), first) == "B");
    // It ended within that second, nobody knows when.
    BOOST_TEST(chosen(target_at_time("2026-01-02 00:10:00.5Z"), first) == "A");
    BOOST_CHECK_EXCEPTION(chosen(target_at_time("2026-01-01 00:05:00Z"), first), error,
                          is_fault(fault::negative, "the oldest of timeline 1, A, ended at 0/201000"));
    BOOST_CHECK_EXCEPTION(chosen(target_at_position("0/200000"), second), error, is_fault(fault::negative));
    BOOST_CHECK_EXCEPTION(chosen({}, lineage{.past = {}, .own = timeline{9}}), error,
                          is_fault(fault::negative, "no backup from which timeline 9"));

    auto const needed = [&](std::string const& time) { return log_needed(all[0], all, first, target_at_time(time)); };
    BOOST_TEST((needed("2026-01-01 00:20:00Z") == all[1].stop));
    BOOST_TEST((needed("2026-01-02 00:05:00Z") == all[2].stop));  // B had begun, so its end proves nothing
    BOOST_TEST(!needed("2026-01-09 00:00:00Z"));
    // Nor does that of a standby, which may have been behind.
    auto const by_standby = [&] {
        auto others = all;
        others[1].of_standby = true;
        return log_needed(others[0], others, first, target_at_time("2026-01-01 00:20:00Z"));
    };
    BOOST_TEST((by_standby() == all[2].stop));
    BOOST_TEST((log_needed(all[1], all, first, {.kind = target_kind::immediate}) == all[1].stop));
    BOOST_TEST((log_needed(all[1], all, first, target_at_position("0/600000")) == lsn{6 * mib + 1}));
}

BOOST_AUTO_TEST_SUITE_END()
