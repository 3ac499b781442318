/// The name of this host, to tell others who did something.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <string>

namespace walmgr {

/// `unknown` where the system has none.
inline std::string host_name() {
    std::string host(256, '\0');
    if (::gethostname(host.data(), host.size() - 1) != 0) return "unknown";
    host.resize(std::min(host.find('\0'), host.size()));
    return host;
}

}  // namespace walmgr
