/// Connection strings for the arguments of programs, which everybody on a machine sees in its list of processes.
#pragma once

#include <pgq/libpq/conninfo.hpp>

#include <sys/mman.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

/// A connection string without its secrets, and what a program needs besides it.
struct hidden_secrets {
    std::string text{};
    std::vector<std::pair<std::string, std::string>> environment{};
    file service{};  ///< to be inherited; open where there is more than a password
};

/// A file of the memory that is gone with the last who has it open, be we killed.
inline file nameless_file() {
    // MFD_NOEXEC_SEAL, without which some systems refuse, and which older ones do not know.
    constexpr unsigned not_executable = 8;
    int made = ::memfd_create("walmgr", MFD_CLOEXEC | not_executable);
    if (made < 0 && errno == EINVAL) made = ::memfd_create("walmgr", MFD_CLOEXEC);
    if (made < 0) refuse("cannot make a file for secrets");
    return {made, "a file for secrets"};
}

/// libpq takes a password from the environment. Of other secrets, such as sslpassword, it has none there: those it
/// finds in a service's file.
inline hidden_secrets hide_secrets(std::string const& conninfo) {
    hidden_secrets out;
    std::string lines;
    bool has_service = std::getenv("PGSERVICE") != nullptr;
    for (auto const& one : pgq::libpq::parse_conninfo(conninfo)) {
        if (one.keyword == "password") {
            out.environment.emplace_back("PGPASSWORD", one.value);
        } else if (one.secret) {
            // As libpq reads such lines.
            if (one.value.find('\n') != std::string::npos || one.value.size() > 900 ||
                (!one.value.empty() && std::string_view{" \t\r\f\v"}.find(one.value.back()) != std::string_view::npos))
                throw error{fault::configuration, "the " + one.keyword +
                                                      " of a connection string is too long, has more "
                                                      "than one line or ends in a blank"};
            lines.append(one.keyword).append("=").append(one.value).append("\n");
        } else {
            has_service = has_service || one.keyword == "service";
            out.text.append(out.text.empty() ? "" : " ")
                .append(one.keyword)
                .append("=")
                .append(pgq::libpq::quote_conninfo_value(one.value));
        }
    }
    if (lines.empty()) return out;
    if (has_service)
        throw error{fault::configuration, "a connection string names a service, and " +
                                              lines.substr(0, lines.find('=')) +
                                              " besides it, which would be seen in the list of processes; write that "
                                              "into the file of services"};
    out.service = nameless_file();
    out.service.write("[walmgr]\n" + lines);
    out.environment.emplace_back("PGSERVICEFILE", "/proc/self/fd/" + std::to_string(out.service.descriptor()));
    out.text.append(out.text.empty() ? "" : " ").append("service=walmgr");
    return out;
}

}  // namespace detail
}  // namespace walmgr
