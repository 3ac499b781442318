/// Moments as records of backups have them.
#pragma once

#include <array>
#include <ctime>
#include <string>

namespace walmgr::detail {

inline std::string utc_text(std::time_t at, char const* form) {
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
}
inline std::string utc_now() {
    return utc_text(std::time(nullptr), "%Y-%m-%dT%H:%M:%SZ");
}

}  // namespace walmgr::detail
