/// Writes headers of members of a tar file, as tar_reader and every tar program read them: ustar, and numbers in base
/// 256 where octal digits do not suffice.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/tar_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr {

/// Whose a member is, and of when.
struct tar_origin {
    std::uint64_t user = 0;
    std::uint64_t group = 0;
    std::uint64_t modified = 0;  ///< seconds since 1970
};

namespace detail {

/// Octal digits with a zero byte behind them; base 256, most significant byte first, for what is larger.
inline void put_tar_number(std::string& block, std::size_t at, std::size_t width, std::uint64_t value) {
    std::size_t const digits = width - 1;
    if (value >> (3 * digits) == 0) {
        for (std::size_t i = digits; i-- > 0; value >>= 3U)
            block[at + i] = static_cast<char>('0' + (value & 7U));
        return;
    }
    for (std::size_t i = width; i-- > 1; value >>= 8U)
        block[at + i] = static_cast<char>(value & 0xFFU);
    block[at] = static_cast<char>(0x80);
}

/// Where a name that is too long for its field is cut in two, at a slash. @throws error  configuration
inline std::size_t tar_name_cut(std::string const& name) {
    constexpr std::size_t most_name = 100;
    constexpr std::size_t most_prefix = 155;
    if (name.size() <= most_name) return 0;
    auto const cut = name.find('/', name.size() - most_name - 1);
    if (cut != name.npos && cut > 0 && cut <= most_prefix) return cut;
    throw error{fault::configuration, "the path " + name + " is too long for a tar file"};
}

}  // namespace detail

/// The header of a member, one block. @throws error  configuration, for a name that is too long
inline std::string tar_header(tar_entry const& of, tar_origin const& from) {
    std::string block(detail::tar_block, '\0');
    auto const name = of.kind == tar_kind::folder ? of.name + '/' : of.name;
    auto const cut = detail::tar_name_cut(name);
    auto const put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
    put(0, std::string_view{name}.substr(cut == 0 ? 0 : cut + 1));
    put(345, std::string_view{name}.substr(0, cut));
    detail::put_tar_number(block, 100, 8, of.mode);
    detail::put_tar_number(block, 108, 8, from.user);
    detail::put_tar_number(block, 116, 8, from.group);
    detail::put_tar_number(block, 124, 12, of.size);
    detail::put_tar_number(block, 136, 12, from.modified);
    block[156] = of.kind == tar_kind::folder ? '5' : of.kind == tar_kind::symlink ? '2' : '0';
    put(157, of.link);
    put(257, "ustar");
    put(263, "00");
    put(148, "        ");
    std::uint64_t sum = 0;
    for (char const byte : block)
        sum += static_cast<unsigned char>(byte);
    detail::put_tar_number(block, 148, 7, sum);
    return block;
}

/// The zeros behind a file of that length.
inline std::string tar_padding(std::uint64_t size) {
    return std::string((detail::tar_block - size % detail::tar_block) % detail::tar_block, '\0');
}

}  // namespace walmgr
