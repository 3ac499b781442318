/// Where a repository is: a folder, a folder of another machine, or a bucket of an object store, written on one line.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace walmgr {

/// How a location is reached.
enum class reached_by : std::uint8_t {
    path,  ///< `/path`
    ssh,   ///< `ssh://[user@]host[:port]/path`: by this program on the other side
    sftp,  ///< `sftp://[user@]host[:port]/path`: by what every sshd has
    s3     ///< `s3://bucket[/prefix]`
};

/// A location taken apart. Holds no secret: a password in it is refused.
struct location {
    reached_by by = reached_by::path;
    std::string user{};      ///< empty: whatever ssh takes
    std::string host{};      ///< the bucket of an object store
    std::uint16_t port = 0;  ///< 0: whatever ssh takes
    std::string path{};  ///< begins with a slash and does not end in one; a prefix begins with none, and may be empty

    friend bool operator==(location const&, location const&) = default;
};

namespace detail {

inline bool each_of(std::string_view text, std::string_view others) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
    });
}
constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// One location while it is read.
class location_text {
public:
    explicit location_text(std::string_view text) : text_{text} {}

    [[nodiscard]] location parse() const {
        auto const scheme = text_.find("://");
        if (scheme == text_.npos) return {.path = path(text_)};
        auto const name = text_.substr(0, scheme);
        auto const rest = text_.substr(scheme + 3);
        if (name == "s3") return bucket(rest);
        if (name != "ssh" && name != "sftp") refuse("is reached neither by ssh, sftp nor s3, and begins with no slash");
        return machine(name == "ssh" ? reached_by::ssh : reached_by::sftp, rest);
    }

private:
    [[noreturn]] void refuse(std::string const& why) const {
        // What stands in front of an @ may be a password.
        auto const at = text_.rfind('@');
        auto const shown = at == text_.npos ? std::string{text_} : "..." + std::string{text_.substr(at)};
        throw error{fault::configuration, "the location \"" + shown + "\" " + why};
    }

    void check_parts(std::string_view parts) const {
        for (std::size_t begin = 0; begin <= parts.size();) {
            auto const end = std::min(parts.find('/', begin), parts.size());
            auto const part = parts.substr(begin, end - begin);
            if (part.empty()) refuse("has two slashes in a row, or one at its end");
            if (part == "." || part == "..") refuse("must be written without . and ..");
            begin = end + 1;
        }
        if (std::any_of(parts.begin(), parts.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }))
            refuse("has a control character");
    }

    [[nodiscard]] std::string path(std::string_view from) const {
        if (!from.starts_with('/')) refuse("must begin with a slash: a server works in its own folder");
        if (from.size() == 1) refuse("is the root of a file system; name a folder");
        check_parts(from.substr(1));
        return std::string{from};
    }

    [[nodiscard]] location machine(reached_by by, std::string_view rest) const {
        location read{.by = by};
        auto const slash = rest.find('/');
        if (slash == rest.npos) refuse("names no folder: write it behind the host");
        read.path = path(rest.substr(slash));
        auto authority = rest.substr(0, slash);
        if (auto const at = authority.rfind('@'); at != authority.npos) {
            read.user = authority.substr(0, at);
            authority.remove_prefix(at + 1);
            if (read.user.find(':') != std::string::npos) refuse("must hold no password; let ssh use a key");
            if (read.user.empty() || read.user.front() == '-' || !each_of(read.user, std::string{capitals} + "-._"))
                refuse("has no name of a user in front of the @");
        }
        bool const bracketed = authority.starts_with('[');
        auto const host_end = bracketed ? authority.find(']') : authority.find(':');
        if (bracketed && host_end == authority.npos) refuse("has a [ without its ]");
        read.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
        bool const plain = !read.host.empty() && read.host.front() != '-' &&
                           each_of(read.host, std::string{capitals} + (bracketed ? ":.%" : "-._"));
        if (!plain) refuse("has no name of a host");
        authority.remove_prefix(std::min(authority.size(), bracketed ? host_end + 1 : host_end));
        if (authority.empty()) return read;
        auto const digits = authority.substr(1);
        auto const [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), read.port);
        if (authority.front() != ':' || problem != std::errc{} || end != digits.data() + digits.size() ||
            read.port == 0)
            refuse("has no number of a port from 1 to 65535 behind the host");
        return read;
    }

    [[nodiscard]] location bucket(std::string_view rest) const {
        location read{.by = reached_by::s3};
        auto const slash = std::min(rest.find('/'), rest.size());
        read.host = rest.substr(0, slash);
        bool const named = read.host.size() >= 3 && read.host.size() <= 63 && each_of(read.host, "-.") &&
                           each_of(read.host.substr(0, 1), "") && each_of(read.host.substr(read.host.size() - 1), "");
        if (!named) refuse("has no name of a bucket: 3 to 63 of a-z, 0-9, - and .");
        if (slash == rest.size()) return read;
        read.path = rest.substr(slash + 1);
        check_parts(read.path);
        return read;
    }

    std::string_view text_;
};

}  // namespace detail

/// Strict: nothing is guessed, repaired or decoded. @throws error  configuration, with what is wrong and no password
inline location parse_location(std::string_view text) {
    return detail::location_text{text}.parse();
}

/// As it is written; parse_location() gives the same again.
inline std::string to_string(location const& where) {
    if (where.by == reached_by::path) return where.path;
    if (where.by == reached_by::s3) return "s3://" + where.host + (where.path.empty() ? "" : '/' + where.path);
    std::string out = where.by == reached_by::ssh ? "ssh://" : "sftp://";
    if (!where.user.empty()) out += where.user + '@';
    out += where.host.find(':') == std::string::npos ? where.host : '[' + where.host + ']';
    if (where.port != 0) out += ':' + std::to_string(where.port);
    return out + where.path;
}

}  // namespace walmgr
