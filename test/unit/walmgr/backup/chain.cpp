#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/backup/chain.hpp>
#include <walmgr/restore/apply_incremental.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_backup_chain)

using walmgr::backup_record;

namespace {

backup_record backup(std::string label, std::string parent = {}) {
    return {.label = std::move(label), .parent = std::move(parent), .version = 17};
}
std::string labels(std::vector<backup_record> const& chain) {
    std::string text;
    for (auto const& one : chain)
        text += one.label;
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_chain_begins_with_a_full_backup_and_has_no_hole) {
    std::vector all{backup("A"),      backup("B", "A"), backup("C", "A"), backup("D", "C"),
                    backup("F", "E"), backup("G", "H"), backup("H", "G")};
    auto const chain = [&](std::size_t which) { return labels(chain_of(all, all[which])); };
    BOOST_TEST(chain(0) == "A");
    BOOST_TEST(chain(1) == "AB");
    BOOST_TEST(chain(3) == "ACD");
    BOOST_TEST(chain(4) == "");
    BOOST_TEST(chain(5) == "");  // a parent is older, so there are no circles
    BOOST_TEST(chain(6) == "");
    all[0].system_id = 5;
    BOOST_TEST(chain(3) == "");
}

BOOST_AUTO_TEST_CASE(changes_are_known_by_their_names) {
    using walmgr::changed_file;
    BOOST_TEST(changed_file("base/5/INCREMENTAL.1259").value() == "base/5/1259");
    BOOST_TEST(changed_file("INCREMENTAL.x").value() == "x");
    for (auto const* const other : {"base/5/1259", "base/INCREMENTAL.5/1259", "INCREMENTAL.", "base/5/XINCREMENTAL.1"})
        BOOST_TEST(!changed_file(other).has_value());
    walmgr::backup_manifest const some{.files = {{"INCREMENTAL.b", {}}, {"a", {}}, {"c/INCREMENTAL.d", {}}}};
    BOOST_TEST((walmgr::whole_files(some) == std::vector<std::string>{"a", "b", "c/d"}));
}

BOOST_AUTO_TEST_CASE(the_label_of_changes_is_made_that_of_whole_files) {
    using walmgr::detail::label_of_whole;
    std::string const common = "START WAL LOCATION: 0/7000028 (file 000000010000000000000007)\nLABEL: x\n";
    std::string const changes = "INCREMENTAL FROM LSN: 0/5000028\nINCREMENTAL FROM TLI: 2\n";
    auto parent = backup("A");
    parent.start = walmgr::lsn{0x5000028};
    parent.tli = walmgr::timeline{2};
    BOOST_TEST(label_of_whole(common + changes, parent) == common);
    BOOST_CHECK_EXCEPTION(label_of_whole(common, parent), walmgr::error,
                          support::is_fault(walmgr::fault::corrupt, "changes since another one"));
    parent.tli = walmgr::timeline{1};
    BOOST_CHECK_THROW(label_of_whole(common + changes, parent), walmgr::error);
}

BOOST_AUTO_TEST_SUITE_END()
