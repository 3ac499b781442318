/// Reading a file of a data folder while a server writes it.
#pragma once

#include <sys/stat.h>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/page_checksum.hpp>
#include <walmgr/sha256.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// A page whose bytes are no whole page, which is right if the log replaces it: its last change is said to be there.
struct torn_page {
    std::string path{};
    std::uint64_t page = 0;  ///< of that file
    lsn changed{};
};

namespace detail {

[[noreturn]] inline void damaged_page(std::string const& path, std::uint64_t page) {
    throw error{fault::corrupt, "page " + std::to_string(page) + " of " + path +
                                    " is damaged: its checksum is not that of its bytes. Look through the rest by "
                                    "pg_amcheck; the backup is none"};
}

/// Verifies the pages of a file that is read.
class page_verifier {
public:
    /// What was changed behind `start`, as a position names the end of a change, may be torn: the log that a restore
    /// replays has the whole page.
    page_verifier(file const& in, std::uint32_t segment, lsn start)
        : in_{in}, first_{segment * data_file_pages}, start_{start} {}

    /// Bytes from `at` on, which begin with a page. One that is not whole is read again into its place.
    /// @throws error  corrupt, for one that is damaged
    void check(std::uint64_t at, std::span<char> bytes) {
        for (; bytes.size() >= data_page_bytes; bytes = bytes.subspan(data_page_bytes), at += data_page_bytes)
            check_page(at / data_page_bytes, bytes.first<data_page_bytes>());
    }
    [[nodiscard]] std::vector<torn_page>& torn() noexcept { return torn_; }

private:
    void check_page(std::uint64_t number, std::span<char, data_page_bytes> page) {
        auto const block = first_ + static_cast<std::uint32_t>(number);
        if (is_whole_page(page, block)) return;
        // The server is writing it, perhaps: the system hands out what is there in the middle of that.
        constexpr int attempts = 5;
        for (int i = 0; i < attempts; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            auto const got = in_.read(number * data_page_bytes, page);
            std::fill(page.begin() + static_cast<std::ptrdiff_t>(got), page.end(), '\0');
            if (got < page.size() || is_whole_page(page, block)) return;  // or cut off meanwhile
        }
        auto const changed = read_page_state(page).changed;
        if (changed <= start_) damaged_page(in_.path(), number);
        torn_.push_back({in_.path(), number, changed});
    }

    file const& in_;
    std::uint32_t first_;
    lsn start_;
    std::vector<torn_page> torn_{};
};

}  // namespace detail

/// Hands the first `size` bytes of a file to `sink(std::string_view)`, with zeros for those that are cut off meanwhile,
/// as a server does: what changes while it is read is made right by the log. `verify(at, std::span<char>)` sees them
/// before, from a multiple of the length of a page on, and may replace them. @return what a manifest says of it
/// @throws error  when it cannot be read; or from both
manifest_file read_data_file(file const& in, std::uint64_t size, auto&& verify, auto&& sink) {
    constexpr std::size_t block = std::size_t{256} << 10U;
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, block)), '\0');
    sha256 hash;
    for (std::uint64_t at = 0; at < size;) {
        std::span const wanted{bytes.data(), static_cast<std::size_t>(std::min<std::uint64_t>(size - at, block))};
        auto const got = in.read(at, wanted);
        verify(at, wanted.first(got));
        std::fill(wanted.begin() + static_cast<std::ptrdiff_t>(got), wanted.end(), '\0');
        std::string_view const piece{wanted.data(), wanted.size()};
        hash.update(piece);
        sink(piece);
        at += piece.size();
    }
    return {size, hex_of(hash.finish())};
}

}  // namespace walmgr
