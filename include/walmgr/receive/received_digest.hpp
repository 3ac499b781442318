/// The SHA-256 of a received segment, in a file beside it: what is whole in the folder is compared before it goes
/// anywhere, since a bit that has changed there is the end of the log to a server.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/sha256.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace walmgr {

/// Where it is kept, for a segment's file.
inline std::string digest_path(std::string const& segment) {
    return segment + ".sha256";
}

/// Before the segment is whole. Where that fails it goes without, as one that a walmgr of before has received.
inline void keep_received_digest(std::string const& segment, digest const& of) noexcept {
    auto const path = digest_path(segment);
    try {
        auto out = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
        out.write(hex_of(of) + '\n');
        out.close();
    } catch (error const&) { ::unlink(path.c_str()); }  // no room
}

/// Refuses bytes that are not those that were received. @throws error  corrupt
inline void require_received(std::string const& segment, digest const& found) {
    constexpr std::size_t digits = 64;
    auto const from = open_file(digest_path(segment));
    if (!from.is_open()) return;
    std::string text(digits + 1, '\0');
    text.resize(from.read(0, text));
    // One that did not survive a loss of power says nothing.
    if (text.size() != digits + 1 || text.find('\0') != text.npos) return;
    if (std::string_view{text}.substr(0, digits) != hex_of(found))
        throw error{fault::corrupt, segment + " is damaged: its bytes are not those that were received, by " +
                                        digest_path(segment) + ". Where another archive has it, remove this one"};
}

}  // namespace walmgr
