/// Names of a backup's parts: main-0000.tar is the first of the data folder, 16384-0002.tar the third of a tablespace.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace walmgr {

/// Which part of what.
struct part_name {
    std::string archive{};  ///< `main`, or the number of a tablespace
    unsigned number = 0;

    friend bool operator==(part_name const&, part_name const&) = default;
};

/// The name of its object in the backup's folder.
inline std::string to_string(part_name const& of) {
    auto const digits = std::to_string(of.number);
    return of.archive + '-' + std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits + ".tar";
}

/// Nothing for what is no name of a part.
inline std::optional<part_name> parse_part_name(std::string_view object) {
    auto const dash = object.find('-');
    auto const archive = object.substr(0, dash);
    bool const space = !archive.empty() && archive.find_first_not_of("0123456789") == archive.npos;
    if (dash == object.npos || (archive != "main" && !space)) return std::nullopt;
    part_name name{.archive = std::string{archive}};
    auto const rest = object.substr(dash + 1);
    auto const [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), name.number);
    if (problem != std::errc{} || object != to_string(name)) return std::nullopt;
    return name;
}

/// Where the members of a part lie below the data folder: at its top, or in a tablespace. @throws error  corrupt
inline std::string prefix_of_part(std::string_view object) {
    auto const name = parse_part_name(object);
    if (!name) throw error{fault::corrupt, std::string{object} + " is no name of a part of a backup"};
    return name->archive == "main" ? std::string{} : "pg_tblspc/" + name->archive + '/';
}

}  // namespace walmgr
