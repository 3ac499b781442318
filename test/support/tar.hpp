/// Tar files for tests of walmgr, as PostgreSQL's server writes them.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace support {

/// One member: '0' a file, '2' a symbolic link, '5' a folder.
inline std::string tar_member(std::string_view name, char kind, std::string_view bytes = {}, std::string_view link = {},
                              unsigned mode = 0600) {
    std::string header(512, '\0');
    auto const put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
    auto const octal = [&](std::size_t at, int width, unsigned long value) {
        std::string digits(32, '\0');
        digits.resize(static_cast<std::size_t>(std::snprintf(digits.data(), digits.size(), "%0*lo", width, value)));
        put(at, digits);
    };
    put(0, name);
    octal(100, 7, mode);
    octal(108, 7, 0);
    octal(116, 7, 0);
    octal(124, 11, bytes.size());
    octal(136, 11, 1'700'000'000);
    header[156] = kind;
    put(157, link);
    put(257, std::string_view{"ustar\0"
                              "00",
                              8});
    put(148, "        ");
    unsigned long sum = 0;
    for (char const byte : header)
        sum += static_cast<unsigned char>(byte);
    octal(148, 6, sum);
    header[154] = '\0';
    auto out = header.append(bytes);
    return out.append((512 - bytes.size() % 512) % 512, '\0');
}

/// What ends a tar file.
inline std::string tar_end() {
    return std::string(1024, '\0');
}

}  // namespace support
