#include <support/wal.hpp>
#include <walmgr/restore/recovery_settings.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_recovery_settings)

using namespace walmgr;

BOOST_AUTO_TEST_CASE(old_settings_become_comments_and_an_old_block_goes) {
    auto const block = settings_block({.target = target_at_name("x"), .on = timeline{2}, .restore_command = "old"});
    std::string const text = "# made by ALTER SYSTEM\nwork_mem = '4MB'\n" + block +
                             "  Recovery_Target_Time='2020-01-01'\nrestore_command= 'cp'\nrecovery_targets = 1\n"
                             "#recovery_target_xid = 1\nport = 1";
    BOOST_TEST(without_recovery_settings(text) ==
               "# made by ALTER SYSTEM\nwork_mem = '4MB'\n#walmgr#   Recovery_Target_Time='2020-01-01'\n"
               "#walmgr# restore_command= 'cp'\n#walmgr# recovery_targets = 1\n#recovery_target_xid = 1\nport = 1\n");
    BOOST_TEST(without_recovery_settings("") == "");
}

BOOST_AUTO_TEST_CASE(a_block_says_all_that_is_wanted) {
    auto target = target_at_name("it's \\ here");
    target.exclusive = true;
    target.action = target_action::pause;
    BOOST_TEST(settings_block({.target = target, .on = timeline{3}, .restore_command = "/x 'y' xrestore %f %p"}) ==
               "# walmgr restore: begin\nrestore_command = '/x ''y'' xrestore %f %p'\n"
               "recovery_target_name = 'it''s \\\\ here'\nrecovery_target_timeline = '3'\n"
               "recovery_target_inclusive = 'off'\nrecovery_target_action = 'pause'\narchive_mode = 'off'\n"
               "# walmgr restore: end\n");
    BOOST_TEST(settings_block({.target = {}, .on = timeline{3}, .standby = true, .keep_archiving = true}) ==
               "# walmgr restore: begin\nrestore_command = ''\nrecovery_target_timeline = 'latest'\n"
               "# walmgr restore: end\n");
}

BOOST_AUTO_TEST_SUITE_END()
