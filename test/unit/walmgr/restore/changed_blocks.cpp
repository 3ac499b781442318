#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <unistd.h>
#include <walmgr/restore/changed_blocks.hpp>

#include <cstdint>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_changed_blocks)

using support::bytes_of_file;
using support::is_fault;
using walmgr::changed_blocks;
using walmgr::fault;

namespace {

constexpr std::size_t block = 8192;

std::string number(std::uint32_t value) {
    std::string out;
    for (int i = 0; i < 4; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    return out;
}
/// As the server sends it; each block is filled with its letter.
std::string changes(std::uint32_t length, std::vector<std::uint32_t> const& blocks, char letter = 'n') {
    auto out = number(0xD3AE1F0D) + number(static_cast<std::uint32_t>(blocks.size())) + number(length);
    for (auto const one : blocks)
        out += number(one);
    if (!blocks.empty()) out.resize((out.size() + block - 1) / block * block);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        out += std::string(block, letter);
    return out;
}
std::string letters(std::string const& of_blocks) {
    std::string out;
    for (char const c : of_blocks)
        out += std::string(block, c == '0' ? '\0' : c);
    return out;
}

struct play {
    support::scratch_folder files{};

    std::string apply(std::string const& before, std::string const& bytes, std::size_t piece = 1 << 20) const {
        auto const path = files.write("relation", letters(before));
        changed_blocks out{path, bytes.size()};
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            out.write(std::string_view{bytes}.substr(at, piece));
        out.finish(0600);
        std::string found;
        auto const now = bytes_of_file(path);
        BOOST_TEST(now.size() % block == 0U);
        for (std::size_t at = 0; at < now.size(); at += block) {
            bool const same = now.compare(at, block, std::string(block, now[at])) == 0;
            found += same ? (now[at] == '\0' ? '0' : now[at]) : '?';
        }
        return found;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(blocks_are_replaced_and_the_length_is_the_new_one, play) {
    BOOST_TEST(apply("abcd", changes(4, {1, 3})) == "ancn");
    BOOST_TEST(apply("abcd", changes(4, {})) == "abcd");
    BOOST_TEST(apply("abcd", changes(2, {})) == "ab");
    BOOST_TEST(apply("abcd", changes(0, {0})) == "n");
    BOOST_TEST(apply("ab", changes(5, {3})) == "ab0n0");
    BOOST_TEST(apply("abcde", changes(2, {4})) == "ab00n");  // what was cut off does not come back
    BOOST_TEST(apply("", changes(0, {})) == "");
    std::vector<std::uint32_t> many;
    for (std::uint32_t i = 0; i < 3000; ++i)
        many.push_back(2 * i);
    auto const found = apply("abcd", changes(4, many), 777);
    BOOST_TEST(found.size() == 5999U);
    BOOST_TEST(found.substr(0, 7) == "nbndn0n");
}

BOOST_FIXTURE_TEST_CASE(what_are_no_changes_is_refused, play) {
    auto const refused = [&](std::string const& bytes, std::string const& words) {
        BOOST_CHECK_EXCEPTION(apply("abcd", bytes), walmgr::error, is_fault(fault::corrupt, words));
    };
    auto const fine = changes(4, {1, 3});
    refused("x" + fine.substr(1), "do not begin as such");
    refused(fine.substr(0, fine.size() - 1), "length is not that of so many blocks");
    refused(fine + "x", "length is not that of so many blocks");
    refused(fine.substr(0, 7), "cut short");
    refused(changes(4, {3, 1}), "not in order");
    refused(changes(4, {1, 1}), "not in order");
    BOOST_CHECK_EXCEPTION((changed_blocks{files / "nothing", 12}), walmgr::error,
                          is_fault(fault::corrupt, "is not there"));
}

BOOST_FIXTURE_TEST_CASE(another_name_of_the_file_keeps_what_it_was, play) {
    auto const path = files.write("relation", letters("ab"));
    BOOST_REQUIRE(::link(path.c_str(), (files / "snapshot").c_str()) == 0);
    auto const bytes = changes(2, {0});
    changed_blocks out{path, bytes.size()};
    out.write(bytes);
    out.finish(0640);
    BOOST_TEST((bytes_of_file(path) == letters("nb")));
    BOOST_TEST((bytes_of_file(files / "snapshot") == letters("ab")));
}

BOOST_AUTO_TEST_SUITE_END()
