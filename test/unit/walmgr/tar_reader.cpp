#include <support/random.hpp>
#include <support/tar.hpp>
#include <support/wal.hpp>
#include <walmgr/tar_reader.hpp>
#include <walmgr/tar_writer.hpp>

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_tar_reader)

using namespace walmgr;
using support::is_fault;
using support::tar_end;
using support::tar_member;

namespace {

/// Writes down what it is told.
struct scribe {
    void begin(tar_entry const& entry) {
        said.push_back((entry.kind == tar_kind::file     ? "file "
                        : entry.kind == tar_kind::folder ? "folder "
                                                         : "link ") +
                       entry.name + (entry.link.empty() ? "" : " to " + entry.link));
        bytes.clear();
    }
    void data(std::string_view more) { bytes += more; }
    void end() { said.back() += " = " + bytes; }

    std::vector<std::string> said{};
    std::string bytes{};
};

std::vector<std::string> read(std::string_view tar, std::size_t step) {
    scribe heard;
    tar_reader in;
    for (std::size_t at = 0; at < tar.size(); at += step)
        in.write(tar.substr(at, step), heard);
    in.finish();
    return heard.said;
}

}  // namespace

BOOST_AUTO_TEST_CASE(members_come_in_order_however_the_bytes_come) {
    auto const tar = tar_member("base/", '5') + tar_member("base/1", '0', "hello") + tar_member("empty", '0') +
                     tar_member("pg_tblspc/16384", '2', "", "/srv/fast disk") +
                     tar_member("full", '0', std::string(512, 'x')) + tar_end();
    std::vector<std::string> const wanted{"folder base", "file base/1 = hello",
                                          "file empty = ", "link pg_tblspc/16384 to /srv/fast disk",
                                          "file full = " + std::string(512, 'x')};
    for (std::size_t const step : {1UL, 7UL, 511UL, 512UL, 513UL, 100'000UL})
        BOOST_TEST(read(tar, step) == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(sizes_beyond_eight_gib_are_in_base_256) {
    std::string field(12, '\0');
    field[0] = static_cast<char>(0x80);
    field[7] = 3;
    field[11] = 5;
    BOOST_TEST(detail::tar_number(field) == (3ULL << 32U) + 5);
    BOOST_TEST(detail::tar_number(std::string_view{"0000017\0 ", 9}) == 15U);
    field[1] = 1;
    BOOST_CHECK_EXCEPTION(detail::tar_number(field), error, is_fault(fault::corrupt));
}

BOOST_AUTO_TEST_CASE(what_leads_out_of_the_folder_is_refused) {
    for (auto const* const name : {"/etc/passwd", "../x", "base/../../x", "base//x", "base/.", "..", "base/..", "."})
        BOOST_CHECK_EXCEPTION(read(tar_member(name, '0', "x") + tar_end(), 512), error,
                              is_fault(fault::corrupt, "leads out of the folder"));
    BOOST_TEST(read(tar_member("./PG_VERSION", '0', "15\n") + tar_end(), 512).front() == "file PG_VERSION = 15\n");
}

BOOST_AUTO_TEST_CASE(other_kinds_and_other_forms_are_refused) {
    for (char const kind : {'1', '3', '4', '6', 'x', 'L', 'g'})
        BOOST_CHECK_EXCEPTION(read(tar_member("name", kind) + tar_end(), 512), error,
                              is_fault(fault::corrupt, "is neither a file"));
    BOOST_CHECK_EXCEPTION(read(tar_end() + tar_member("late", '0') + tar_end(), 512), error,
                          is_fault(fault::corrupt, "goes on behind its end"));
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_or_damaged_is_noticed) {
    auto const tar = tar_member("one", '0', "hello") + tar_member("two", '0', "world") + tar_end();
    for (std::size_t length = 0; length < tar.size(); length += 100)
        BOOST_CHECK_EXCEPTION(read(tar.substr(0, length), 512), error, is_fault(fault::corrupt, "ends too early"));
    auto chance = test::random_engine();
    for (std::size_t at = 0; at < 512; ++at) {
        if (at == 154 || at == 155) continue;  // what ends the sum's digits is of no meaning
        auto damaged = tar;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 + static_cast<int>(chance() % 255)));
        BOOST_CHECK_EXCEPTION(read(damaged, 512), error, is_fault(fault::corrupt));
    }
}

BOOST_AUTO_TEST_CASE(headers_that_are_written_are_read_again) {
    std::string const deep = std::string(80, 'd') + '/' + std::string(70, 'e') + '/' + std::string(90, 'f');
    std::vector<tar_entry> const entries{
        {.kind = tar_kind::file, .name = "base/1/1259", .link = {}, .size = 8192, .mode = 0600},
        {.kind = tar_kind::file, .name = deep, .link = {}, .size = std::uint64_t{9} << 30U, .mode = 0640},
        {.kind = tar_kind::folder, .name = "pg_notify", .link = {}, .size = 0, .mode = 0700},
        {.kind = tar_kind::symlink, .name = "pg_wal", .link = "/srv/wal", .size = 0, .mode = 0777},
    };
    for (auto const& one : entries) {
        auto const header = tar_header(one, {.user = 3'000'000'000, .group = 26, .modified = 1'769'860'862});
        auto const read = detail::parse_tar_header(header);
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST((read->kind == one.kind && read->size == one.size && read->mode == one.mode));
        BOOST_TEST(read->name == one.name);
        BOOST_TEST(read->link == one.link);
    }
    BOOST_TEST(tar_padding(0).empty());
    BOOST_TEST(tar_padding(513).size() == 511U);
    BOOST_CHECK_EXCEPTION(tar_header({.kind = tar_kind::file, .name = std::string(101, 'x'), .link = {}}, {}), error,
                          is_fault(fault::configuration, "too long for a tar file"));
}

BOOST_AUTO_TEST_SUITE_END()
