/// Small files that are read whole, and replaced as a whole or not at all.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <walmgr/file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// The bytes of a small file; nothing when there is none. @throws error  unavailable
inline std::optional<std::string> read_text_file(std::string const& path) {
    auto const in = open_file(path);
    if (!in.is_open()) return std::nullopt;
    std::string text(static_cast<std::size_t>(in.size()), '\0');
    text.resize(in.read(0, text));
    return text;
}

/// Writes a file that takes the place of what was there, and is durable. Two writers at a time must not have one path;
/// what a crash leaves beside it is written over. @throws error  unavailable and disk_full
inline void replace_text_file(std::string const& path, std::string_view text, ::mode_t mode = 0600) {
    auto const beside = path + ".walmgr.tmp";
    auto out = open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (!out.is_open()) refuse("cannot create " + beside, ENOENT);
    out.write(text);
    out.sync();
    out.close();
    if (std::rename(beside.c_str(), path.c_str()) != 0) refuse("cannot give " + path + " its name");
    sync_folder(path.substr(0, path.rfind('/') + 1));
}

}  // namespace walmgr
