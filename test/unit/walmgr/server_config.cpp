#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/server_config.hpp>
#include <walmgr/text_file.hpp>

#include <filesystem>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_server_config)

BOOST_AUTO_TEST_CASE(a_server_was_started_last_with_what_its_options_say) {
    support::scratch_folder const where;
    auto const data = where.path() + "/data";
    auto const etc = where.path() + "/e t c";
    std::filesystem::create_directories(data);
    std::filesystem::create_directories(etc);
    auto const config = etc + "/postgresql.conf";
    auto const last = [&](std::string const& words) {
        walmgr::replace_text_file(data + "/postmaster.opts", "/usr/bin/postgres " + words + '\n');
        return walmgr::last_config(data);
    };
    BOOST_TEST(walmgr::last_config(data).empty());
    BOOST_TEST(last("\"-D\" \"" + etc + '"').empty());  // there is none any more
    walmgr::replace_text_file(config, "");
    BOOST_TEST(last("\"-D\" \"" + etc + '"') == config);
    BOOST_TEST(last("\"-D" + etc + '"') == config);
    BOOST_TEST(last("\"-D\" \"" + data + "\" \"-c\" \"config_file=" + config + '"') == config);
    BOOST_TEST(last("\"-cconfig_file=" + config + "\" \"-D\" \"" + data + '"') == config);
    BOOST_TEST(last("\"--config-file=/nowhere\" \"--config-file=" + config + '"') == config);
    BOOST_TEST(last("\"-c\" \"-D" + etc + "\" \"-D\" \"" + data + '"').empty());
    BOOST_TEST(last("\"-D\" \"" + data + '"').empty());
    BOOST_TEST(last("\"-D\" \"" + data + "/../data\"").empty());
    BOOST_TEST(last("\"-D\" \"e t c\"").empty());  // of which folder nobody knows
}

BOOST_AUTO_TEST_CASE(a_shell_reads_options_as_they_were_meant) {
    BOOST_TEST(walmgr::start_options({}).empty());
    BOOST_TEST(walmgr::start_options({"port=1", "config_file=/e t/it's"}) ==
               "-c port=1 -c 'config_file=/e t/it'\\''s'");
}

BOOST_AUTO_TEST_SUITE_END()
