// include/pgq/ini.hpp, include/pgq/ini_section.hpp
#include <pgq/error.hpp>
#include <pgq/ini.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_ini)

namespace {
void refused(auto const& call, std::string_view message) {
    BOOST_CHECK_EXCEPTION(call(), pgq::usage_error, [&](pgq::usage_error const& e) {
        BOOST_TEST(std::string_view{e.what()} == message);
        return true;
    });
}
}  // namespace

BOOST_AUTO_TEST_CASE(keys_are_read_without_regard_to_case_spaces_and_comments) {
    auto file = pgq::ini_file::parse("# head\n\n[pgqd]\n; more\nLogFile =  /var/log/x y.log \r\nempty =\nperiod: 2.5\n",
                                     "a.ini");
    auto const& section = file.section("pgqd");
    BOOST_TEST(section.text("logfile") == "/var/log/x y.log");
    BOOST_TEST(section.text("EMPTY", "else") == "");
    BOOST_TEST(section.text("other", "else") == "else");
    BOOST_TEST(section.seconds("period", 1, 0, 10) == 2.5);
    section.refuse_unknown();
}

BOOST_AUTO_TEST_CASE(a_value_goes_on_in_indented_lines) {
    auto file = pgq::ini_file::parse("[a]\nlist = x,\n  y\n\tz\nnext = 1\n", "a.ini");
    BOOST_TEST(file.section("a").words("list") == (std::vector<std::string>{"x", "y", "z"}),
               boost::test_tools::per_element());
    BOOST_TEST(file.section("a").number("next", 0, 0, 9) == 1);
}

BOOST_AUTO_TEST_CASE(what_default_says_holds_in_every_section) {
    auto file =
        pgq::ini_file::parse("[b]\nport = 1\n[DEFAULT]\nhost = db\nport = 5\nunused = x\nn = x\n[c]\n", "a.ini");
    BOOST_TEST(file.sections().size() == 2U);
    BOOST_TEST(file.section("b").number("port", 0, 0, 9) == 1);
    BOOST_TEST(file.section("c").number("port", 0, 0, 9) == 5);
    BOOST_TEST(file.section("c").text("host") == "db");
    file.section("c").refuse_unknown();
    refused([&] { return file.section("c").number("n", 0, 0, 9); },
            "a.ini:7: n must be a whole number from 0 to 9, not \"x\"");
}

BOOST_AUTO_TEST_CASE(values_refer_to_others_where_the_program_wants_it) {
    auto file = pgq::ini_file::parse(
        "[a]\nhome = /srv\nlog = %(home)s/%(job_name)s.log\nfull = 100%%\nbad = 5%\nloop = %(loop)s\n"
        "none = %(nothing)s\n",
        "a.ini");
    auto& section = file.section("a");
    BOOST_TEST(section.text("log") == "%(home)s/%(job_name)s.log");
    section.interpolated();
    section.supply("job_name", "mover");
    section.supply("home", "/never");
    BOOST_TEST(section.text("log") == "/srv/mover.log");
    BOOST_TEST(section.text("full") == "100%");
    refused([&] { return section.text("bad"); }, "a.ini:5: bad has a % that is neither %% nor %(key)s");
    refused([&] { return section.text("loop"); }, "a.ini:6: loop refers to itself");
    refused([&] { return section.text("none"); }, "a.ini:7: none refers to the key \"nothing\", which is not set");
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_with_file_line_and_range) {
    auto file = pgq::ini_file::parse("[a]\nn = 7x\nbig = 11\nflag = maybe\nperiod = nan\nyes = On\n", "a.ini");
    auto const& section = file.section("a");
    refused([&] { return section.number("n", 1, 0, 10); },
            "a.ini:2: n must be a whole number from 0 to 10, not \"7x\"");
    refused([&] { return section.number("big", 1, 0, 10); },
            "a.ini:3: big must be a whole number from 0 to 10, not \"11\"");
    refused([&] { return section.flag("flag", true); }, "a.ini:4: flag must be 0 or 1, not \"maybe\"");
    refused([&] { return section.seconds("period", 1, 0.5, 10); },
            "a.ini:5: period must be a number of seconds from 0.5 to 10, not \"nan\"");
    refused([&] { return section.text("missing"); }, "a.ini: section [a] needs the key \"missing\"");
    BOOST_TEST(section.flag("yes", false));
}

BOOST_AUTO_TEST_CASE(unknown_keys_and_broken_files_are_refused_with_their_line) {
    auto file = pgq::ini_file::parse("[a]\nknown = 1\nknwon = 2\n", "a.ini");
    BOOST_TEST(file.section("a").text("known") == "1");
    refused([&] { file.section("a").refuse_unknown(); }, "a.ini:3: unknown key \"knwon\" in section [a]");
    refused([&] { return file.section("b").name(); }, "a.ini: section [b] is missing");
    auto const parse = [](std::string_view text) { return [text] { pgq::ini_file::parse(text, "a.ini"); }; };
    refused(parse("x = 1\n"), "a.ini:1: a key before the first [section]");
    refused(parse("[a]\nx\n"), "a.ini:2: neither a [section] nor key = value");
    refused(parse("[a]\nx = 1\nX = 2\n"), "a.ini:3: key \"X\" was set in line 2 already");
    refused(parse("[a]\n[b]\n[a]\n"), "a.ini:3: section [a] comes twice");
    refused(parse("[a\n"), "a.ini:1: a section needs the form [name]");
    refused(parse("  x\n"), "a.ini:1: an indented line that continues nothing");
    refused([] { pgq::ini_file::read("/nowhere/a.ini"); },
            "cannot read the configuration file /nowhere/a.ini: No such file or directory");
}

BOOST_AUTO_TEST_SUITE_END()
