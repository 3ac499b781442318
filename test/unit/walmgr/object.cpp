#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/wal.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/codec/zstd.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(walmgr_object)

using support::is_fault;
using walmgr::fault;
using walmgr::memory_store;

namespace {

walmgr::origin const from{42, walmgr::lsn{3U << 20U}, walmgr::timeline{7}, {1U << 20U}};

/// Stores `raw`, given in pieces of some size.
walmgr::object_label store_as(memory_store const& where, std::string const& name, std::string_view raw, auto const& way,
                              std::size_t piece = 100'000) {
    auto out = where.create(name);
    walmgr::object_packer pack{out, way};
    for (; !raw.empty(); raw.remove_prefix(std::min(piece, raw.size())))
        pack.write(raw.substr(0, piece));
    auto const label = pack.finish(from);
    BOOST_TEST_REQUIRE(out.seal());
    return label;
}

std::string read_back(memory_store const& where, std::string const& name) {
    std::string raw;
    walmgr::unpack_object(*where.open(name), name, [&](std::string_view bytes) { raw += bytes; });
    return raw;
}

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
    std::string bytes(size, '\0');
    for (auto& byte : bytes)
        byte = static_cast<char>(random() % 5 == 0 ? random() : 'a');
    return bytes;
}

void each_codec(auto const& test) {
    test(walmgr::stored{});
    test(walmgr::lz4{});
    test(walmgr::lz4{.level = 9});
    test(walmgr::zstd{});
    test(walmgr::zstd{.level = -1});
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_stored_is_read_back_with_its_label) {
    auto random = test::random_engine();
    each_codec([&](auto const& way) {
        for (std::size_t const size : {0U, 1U, 3U, 4U, 65'535U, 65'536U, 65'537U, 1'000'000U}) {
            memory_store where;
            auto const raw = random_bytes(random, size);
            auto const label = store_as(where, "x", raw, way, 1 + random() % 90'000);
            BOOST_TEST((read_back(where, "x") == raw), "packing " << static_cast<int>(way.kind) << ", size " << size);
            auto const said = walmgr::label_of(*where.open("x"), "x");
            BOOST_TEST(said.raw_size == size);
            BOOST_TEST((said.raw_digest == label.raw_digest && said.from == from && said.packed_by == way.kind));
        }
    });
}

BOOST_AUTO_TEST_CASE(a_bit_that_changed_anywhere_is_found_or_does_no_harm) {
    auto random = test::random_engine();
    auto const raw = random_bytes(random, 5'000);
    each_codec([&](auto const& way) {
        memory_store where;
        store_as(where, "x", raw, way);
        auto& bytes = where.bytes_of("x");
        auto const whole = bytes;
        int harmless = 0;
        for (int round = 0; round < 300; ++round) {
            bytes = whole;
            bool const in_label = round < static_cast<int>(walmgr::label_bytes);
            auto const at = in_label ? bytes.size() - 1 - static_cast<std::size_t>(round)
                                     : random() % (bytes.size() - walmgr::label_bytes);
            bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1U << random() % 8));
            try {
                // Packed bytes may be others and yet mean the same: a match that was found elsewhere, say.
                BOOST_TEST_REQUIRE((read_back(where, "x") == raw));
                BOOST_TEST_REQUIRE(!in_label);
                ++harmless;
            } catch (walmgr::error const& failure) {
                BOOST_TEST_REQUIRE(is_fault(fault::corrupt, "x in the store is")(failure));
            }
        }
        BOOST_TEST(harmless < 60);
    });
}

BOOST_AUTO_TEST_CASE(an_object_cut_or_lengthened_anywhere_is_found) {
    auto random = test::random_engine();
    auto const raw = random_bytes(random, 5'000);
    each_codec([&](auto const& way) {
        memory_store where;
        store_as(where, "x", raw, way);
        auto& bytes = where.bytes_of("x");
        auto const whole = bytes;
        for (std::size_t size = 0; size < whole.size(); size += 1 + random() % 20) {
            bytes = whole.substr(0, size);
            BOOST_CHECK_EXCEPTION(read_back(where, "x"), walmgr::error, is_fault(fault::corrupt));
        }
        bytes = whole + '\0';
        BOOST_CHECK_EXCEPTION(read_back(where, "x"), walmgr::error, is_fault(fault::corrupt));
        bytes = whole.substr(0, 100) + whole;
        BOOST_CHECK_EXCEPTION(read_back(where, "x"), walmgr::error, is_fault(fault::corrupt));
        auto const cut = whole.size() - walmgr::label_bytes;
        bytes = whole.substr(0, cut) + whole.substr(0, cut) + whole.substr(cut);
        BOOST_CHECK_EXCEPTION(read_back(where, "x"), walmgr::error, is_fault(fault::corrupt));
    });
}

BOOST_AUTO_TEST_CASE(no_more_comes_out_than_the_label_says) {
    each_codec([&](auto const& way) {
        memory_store where;
        auto label = store_as(where, "x", std::string(std::size_t{3} << 20U, 'a'), way);
        label.raw_size = std::size_t{1} << 20U;
        auto& bytes = where.bytes_of("x");
        bytes.replace(bytes.size() - walmgr::label_bytes, walmgr::label_bytes, walmgr::write_label(label));
        std::uint64_t came = 0;
        auto const count = [&](std::string_view raw) { came += raw.size(); };
        BOOST_CHECK_EXCEPTION(walmgr::unpack_object(*where.open("x"), "x", count), walmgr::error,
                              is_fault(fault::corrupt, "x in the store is damaged: it unpacks to more"));
        BOOST_TEST(came <= label.raw_size);
    });
}

BOOST_AUTO_TEST_CASE(a_label_of_a_later_version_is_refused_in_words) {
    auto label = walmgr::write_label({});
    label[8 + 6] = 2;
    // The check covers the version, so that a new one has a new check.
    auto const check = walmgr::detail::digest_of(std::string_view{label}.substr(8, 88));
    label.replace(8 + 88, 8, walmgr::detail::label_check(check));
    BOOST_CHECK_EXCEPTION(walmgr::read_label(label), walmgr::error, is_fault(fault::corrupt, "version 2"));
}

BOOST_AUTO_TEST_CASE(the_digest_is_that_of_the_raw_bytes) {
    memory_store where;
    auto const label = store_as(where, "x", "abc", walmgr::zstd{});
    BOOST_TEST(walmgr::hex_of(label.raw_digest) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_SUITE_END()
