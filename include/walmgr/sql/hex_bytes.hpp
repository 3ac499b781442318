/// Bytes that a server sends as hexadecimal digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace walmgr::sql {

/// The bytes of an even number of digits, as `encode(..., 'hex')` writes them.
inline std::string bytes_of_hex(std::string_view digits) {
    std::string bytes(digits.size() / 2, '\0');
    auto const value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(value(digits[2 * i]) << 4 | value(digits[2 * i + 1]));
    return bytes;
}

}  // namespace walmgr::sql
