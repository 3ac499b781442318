/// Where the tablespaces of a server's copy lie.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/sql/tablespaces.hpp>
#include <walmgr/visit_names.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace walmgr {

/// Of one tablespace.
struct tablespace_place {
    std::uint32_t oid = 0;
    std::string from{};  ///< where the server has it
    std::string to{};    ///< where the copy has it, perhaps on another machine

    friend bool operator==(tablespace_place const&, tablespace_place const&) = default;
};

namespace detail {

/// One side of OLD=NEW, where \= stands for a = of a name.
inline std::string folder_of_mapping(std::string_view text, std::string const& whole) {
    std::string folder;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\\=")) ++i;
        folder += text[i];
    }
    while (folder.size() > 1 && folder.ends_with('/'))
        folder.pop_back();
    if (!folder.starts_with('/'))
        throw error{fault::usage, "a place of a tablespace is written OLD=NEW, two folders that begin with a slash, "
                                  "and not \"" +
                                      whole + '"'};
    return folder;
}

inline std::size_t middle_of_mapping(std::string_view text) {
    auto at = text.find('=');
    while (at != text.npos && at > 0 && text[at - 1] == '\\')
        at = text.find('=', at + 1);
    return std::min(at, text.size());
}

}  // namespace detail

/// Each lies where the server has it unless `mappings` says otherwise: OLD=NEW, as pg_basebackup takes them.
/// @throws error  usage, for what is no mapping, or of no tablespace, or leads two of them into one folder, or into one
///                whose name has more than one line
inline std::vector<tablespace_place> places_of_tablespaces(std::vector<sql::tablespace> const& all,
                                                           std::vector<std::string> const& mappings) {
    std::vector<tablespace_place> places;
    for (auto const& one : all)
        places.push_back({one.oid, one.path, one.path});
    for (auto const& text : mappings) {
        auto const middle = detail::middle_of_mapping(text);
        auto const from = detail::folder_of_mapping(std::string_view{text}.substr(0, middle), text);
        auto const to =
            detail::folder_of_mapping(std::string_view{text}.substr(std::min(middle + 1, text.size())), text);
        auto const found =
            std::find_if(places.begin(), places.end(), [&](auto const& one) { return one.from == from; });
        if (found == places.end()) throw error{fault::usage, "the primary has no tablespace in " + from};
        found->to = to;
    }
    for (auto const& one : places) {
        bool const twice =
            std::count_if(places.begin(), places.end(), [&](auto const& other) { return other.to == one.to; }) > 1;
        if (twice) throw error{fault::usage, "two tablespaces would lie in " + one.to};
        if (one.to.find('\n') != one.to.npos)
            throw error{fault::usage,
                        "the folder of tablespace " + std::to_string(one.oid) + " has a name of more than one line"};
    }
    return places;
}

/// Looks whether the copy's folders, on this machine, are empty or missing.
/// @throws error  server_running, for one that is not and may be a living server's; unavailable
inline void require_empty(std::vector<tablespace_place> const& places) {
    for (auto const& one : places) {
        if (!names_in(one.to).empty())
            throw error{fault::server_running, one.to + " is not empty, and the tablespace " + std::to_string(one.oid) +
                                                   " would lie there; name an empty folder: --tablespace-mapping " +
                                                   one.from + "=DIR"};
    }
}

/// Removes what a copy that was not finished has left in a tablespace's folder: what servers make there, and nothing
/// else. @throws std::filesystem::filesystem_error
inline void clear_tablespace(std::string const& folder) {
    std::error_code problem;
    for (auto const& one : std::filesystem::directory_iterator{folder, problem})
        if (one.path().filename().string().starts_with("PG_")) std::filesystem::remove_all(one.path());
}

}  // namespace walmgr
