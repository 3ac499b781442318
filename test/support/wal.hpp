/// Segments and folders for tests of walmgr.
#pragma once

#include <support/boost_test.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

namespace support {

inline walmgr::cluster const small_cluster{
    .name = "main", .system_id = 7'000'000'001, .size = {1U << 20U}, .history = 1};

/// Bytes of a segment as a server of version 15 writes it: a header, and behind it what packs well and what does not.
inline std::string segment_bytes(walmgr::segment which, walmgr::cluster const& of = small_cluster, unsigned seed = 1) {
    std::string bytes(of.size.bytes, '\0');
    auto const put = [&]<class T>(std::size_t at, T value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
    put(0, std::uint16_t{0xD110});
    put(2, std::uint16_t{2});
    put(4, static_cast<std::uint32_t>(which.tli));
    put(8, walmgr::begin_of(which, of.size).bytes);
    put(24, of.system_id);
    put(32, of.size.bytes);
    put(36, std::uint32_t{8192});
    bytes.replace(8192, bytes.size() / 2 - 8192, bytes.size() / 2 - 8192, 'x');
    std::mt19937_64 random{seed};
    for (std::size_t at = 8192; at < bytes.size() / 2; at += 24)
        put(at, random());
    return bytes;
}

/// A folder that is gone with the test.
class scratch_folder {
public:
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "walmgr-test-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string operator/(std::string const& name) const { return (path_ / name).string(); }
    [[nodiscard]] std::string path() const { return path_.string(); }
    std::string write(std::string const& name, std::string_view bytes) const {
        std::ofstream out{path_ / name, std::ios::binary};
        out << bytes;
        BOOST_REQUIRE(out.flush());
        return *this / name;
    }
    /// All names in it, at any depth.
    [[nodiscard]] std::size_t files() const {
        std::size_t count = 0;
        for (auto const& entry : std::filesystem::recursive_directory_iterator{path_})
            count += entry.is_regular_file() ? 1U : 0U;
        return count;
    }

private:
    std::filesystem::path path_;
};

inline std::string bytes_of_file(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    return (std::ostringstream{} << in.rdbuf()).str();
}

/// Whether a failure is of that kind and says these words.
inline auto is_fault(walmgr::fault kind, std::string words = {}) {
    return [kind, words](walmgr::error const& failure) {
        BOOST_TEST_MESSAGE(failure.what());
        return failure.kind() == kind && std::string_view{failure.what()}.find(words) != std::string_view::npos;
    };
}

}  // namespace support
