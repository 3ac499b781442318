#include <support/boost_test.hpp>
#include <support/store_laws.hpp>
#include <support/wal.hpp>
#include <sys/stat.h>
#include <walmgr/cluster.hpp>
#include <walmgr/repository.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store/encrypted.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/posix.hpp>

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_store_encrypted)

using support::is_fault;
using support::scratch_folder;
using support::law::add;
using support::law::bytes_like;
using walmgr::fault;

namespace {

constexpr std::size_t block = std::size_t{64} << 10U;
constexpr std::size_t end_bytes = 96;

walmgr::encryption_keys keys(std::string_view each_begins_with) {
    std::vector<walmgr::encryption_key> all;
    for (char const first : each_begins_with)
        all.emplace_back(first + std::string(31, 'k'));
    return {all, "the file of the test"};
}

/// A store in memory, and what encrypts in front of it.
struct safe {
    walmgr::memory_store under{};
    walmgr::encrypted_store<walmgr::memory_store> where{under, keys("1")};

    std::string read(std::string const& name) const { return support::law::read(where, name); }
    /// Reading is refused, whatever part of the object is asked for first.
    void refuses(std::string const& name, fault kind, char const* words) const {
        BOOST_CHECK_EXCEPTION(read(name), walmgr::error, is_fault(kind, words));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(keeps_the_laws_of_a_store, safe) {
    BOOST_CHECK_NO_THROW(support::keeps_the_laws(where, "one", {.threads = false}));
}

BOOST_FIXTURE_TEST_CASE(keeps_the_laws_of_a_store_with_several_threads, scratch_folder) {
    BOOST_CHECK_NO_THROW(
        support::keeps_the_laws(walmgr::encrypted_store{walmgr::posix_store{path()}, keys("1")}, "one"));
}

BOOST_FIXTURE_TEST_CASE(the_store_learns_nothing_but_name_and_length, safe) {
    add(where, "one", std::string(1000, 'a'));
    add(where, "two", std::string(1000, 'a'));
    auto const& one = under.bytes_of("one");
    auto const& two = under.bytes_of("two");
    BOOST_TEST(one.size() == 1000 + 32 + end_bytes);
    BOOST_TEST(one.find("aaa") == one.npos);
    BOOST_TEST(one.substr(0, 64) != two.substr(0, 64));  // the same bytes, twice, look different
    BOOST_TEST(walmgr::looks_encrypted(*under.open("one")));
}

BOOST_FIXTURE_TEST_CASE(no_bit_can_be_changed, safe) {
    auto const bytes = bytes_like(1, block + 100);
    add(where, "a/one", bytes);
    auto const stored = under.bytes_of("a/one");
    auto& there = under.bytes_of("a/one");
    std::vector<std::size_t> places{0, 1, block - 1, block, block + 99};
    for (std::size_t at = block + 100; at < stored.size(); ++at)
        places.push_back(at);
    for (auto const at : places) {
        there[at] = static_cast<char>(there[at] ^ 1);
        BOOST_CHECK_THROW(read("a/one"), walmgr::error);
        there = stored;
    }
    BOOST_TEST(read("a/one") == bytes);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_handed_out_of_a_block_that_was_changed, safe) {
    add(where, "one", bytes_like(1, 3 * block));
    under.bytes_of("one")[block + 5] ^= 1;
    auto const found = where.open("one");
    std::string room(10, 'x');
    BOOST_TEST(found->read(0, room) == 10U);
    room.assign(10, 'x');
    BOOST_CHECK_EXCEPTION(static_cast<void>(found->read(block + 20, room)), walmgr::error,
                          is_fault(fault::corrupt, "one in the store is damaged: its bytes from 65536 on"));
    BOOST_TEST(room == "xxxxxxxxxx");
    BOOST_TEST(found->read(2 * block, room) == 10U);
}

BOOST_FIXTURE_TEST_CASE(no_end_can_be_cut_off_and_nothing_put_behind, safe) {
    auto const bytes = bytes_like(1, 2 * block);
    add(where, "one", bytes);
    auto const stored = under.bytes_of("one");
    for (std::size_t const length : {std::size_t{0}, std::size_t{1}, end_bytes, block, stored.size() - end_bytes,
                                     stored.size() - 1, stored.size() - 32}) {
        under.bytes_of("one") = stored.substr(0, length);
        refuses("one", fault::corrupt, "one in the store is not encrypted, or was cut short");
    }
    // A whole block less, with an end that looks right, and one more.
    for (auto const& bytes_there : {stored.substr(block), stored.substr(0, block) + stored}) {
        under.bytes_of("one") = bytes_there;
        refuses("one", fault::corrupt, "its length is not the one that was sealed");
    }
}

BOOST_FIXTURE_TEST_CASE(blocks_and_objects_cannot_change_places, safe) {
    add(where, "one", bytes_like(1, 2 * block));
    add(where, "two", bytes_like(2, 2 * block));
    auto& one = under.bytes_of("one");
    auto& two = under.bytes_of("two");
    auto const stored = one;
    auto const digests = stored.substr(2 * block, 64);
    one = stored.substr(block, block) + stored.substr(0, block) + stored.substr(2 * block);
    refuses("one", fault::corrupt, "its bytes from 0 on are not those stored");
    one = stored.substr(block, block) + stored.substr(0, block) + digests.substr(32) + digests.substr(0, 32) +
          stored.substr(2 * block + 64);
    refuses("one", fault::corrupt, "one in the store is damaged, or is not what was stored under this name");
    one = two.substr(0, block) + stored.substr(block);
    refuses("one", fault::corrupt, "its bytes from 0 on are not those stored");
    one = two;
    refuses("one", fault::corrupt, "one in the store is damaged, or is not what was stored under this name");
    two = stored;
    refuses("two", fault::corrupt, "two in the store is damaged, or is not what was stored under this name");
}

BOOST_FIXTURE_TEST_CASE(a_wrong_key_is_named_as_such_and_an_old_one_still_reads, safe) {
    add(where, "one", "first");
    walmgr::encrypted_store const other{under, keys("2")};
    BOOST_CHECK_EXCEPTION(static_cast<void>(other.open("one")), walmgr::error,
                          is_fault(fault::configuration, (keys("1").newest().id() +
                                                          ", and the file of the test has "
                                                          "not that one but the id " +
                                                          keys("2").newest().id())
                                                             .c_str()));
    walmgr::encrypted_store const both{under, keys("21")};
    BOOST_TEST(support::law::read(both, "one") == "first");
    add(both, "two", "second");
    BOOST_TEST(support::law::read(other, "two") == "second");
}

BOOST_FIXTURE_TEST_CASE(what_is_not_encrypted_is_refused_and_told_without_a_key, safe) {
    add(under, "plain", bytes_like(1, 500));
    refuses("plain", fault::corrupt,
            "plain in the store is not encrypted, or was cut short: with the file of the test");
    walmgr::cluster const of{.name = "main", .system_id = 7, .size = walmgr::segment_size{1 << 20}, .history = 1};
    BOOST_TEST(record_cluster(where, of));
    BOOST_TEST(find_cluster(where, "main").has_value());
    BOOST_CHECK_EXCEPTION(find_cluster(under, "main"), walmgr::error,
                          is_fault(fault::configuration, "the repository is encrypted; name its key"));
}

BOOST_FIXTURE_TEST_CASE(a_file_of_keys_is_for_its_owner_and_says_what_is_wrong_with_it, scratch_folder) {
    auto const hex = std::string(62, '0') + "Ff";
    auto const path = *this / "key";
    auto const write = [&](std::string const& text, ::mode_t mode) {
        std::ofstream{path} << text;
        ::chmod(path.c_str(), mode);
        return path;
    };
    auto const read = walmgr::read_encryption_keys(write("# made by hand\n\n" + hex + "\r\n", 0600));
    BOOST_TEST(read.newest().bytes() == std::string(31, '\0') + '\xFF');
    BOOST_TEST(read.find(read.newest().id()) == &read.newest());
    // The same in base64.
    BOOST_TEST(walmgr::read_encryption_keys(write(std::string(41, 'A') + "P8=\n", 0400)).newest().id() ==
               read.newest().id());
    for (auto const& wrong : {std::string(63, '0'), std::string(65, '0'), std::string(63, '0') + 'g',
                              std::string(41, 'A') + "P9=", std::string(42, 'A') + "==", std::string{"secret"}}) {
        write(hex + '\n' + wrong + '\n', 0600);
        BOOST_CHECK_EXCEPTION(walmgr::read_encryption_keys(path), walmgr::error, [&](walmgr::error const& failure) {
            return is_fault(fault::configuration, "key:2: no key of 32 bytes")(failure) &&
                   std::string_view{failure.what()}.find(wrong) == std::string_view::npos;
        });
    }
    BOOST_CHECK_EXCEPTION(walmgr::read_encryption_keys(write("", 0600)), walmgr::error,
                          is_fault(fault::configuration, "holds no key; make one by: openssl rand -hex 32"));
    for (::mode_t const mode : {0640U, 0604U, 0660U}) {
        BOOST_CHECK_EXCEPTION(walmgr::read_encryption_keys(write(hex, mode)), walmgr::error,
                              is_fault(fault::configuration, "others may read it; run: chmod go= "));
    }
    BOOST_CHECK_EXCEPTION(walmgr::read_encryption_keys(*this / "none"), walmgr::error,
                          is_fault(fault::configuration, "there is no file with keys"));
    BOOST_CHECK_EXCEPTION(walmgr::read_encryption_keys("/dev/null"), walmgr::error,
                          is_fault(fault::configuration, "is no file with keys"));
}

BOOST_AUTO_TEST_SUITE_END()
