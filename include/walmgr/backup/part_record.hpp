/// What the record of a backup says of one of its parts.
#pragma once

#include <walmgr/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// One tar file of a backup.
struct backup_part {
    std::string object{};           ///< its name in the backup's folder
    std::uint64_t raw_size = 0;     ///< of the tar file
    std::uint64_t stored_size = 0;  ///< of the object
    std::string sha256{};           ///< of the tar file, in small hexadecimal digits
    std::uint64_t files = 0;        ///< members of the tar file, folders and links among them
    /// Names of members that do not count, sorted: they were stored by an earlier attempt at the backup, and have
    /// changed since, or are gone.
    std::vector<std::string> superseded{};

    friend bool operator==(backup_part const&, backup_part const&) = default;
};

namespace detail {

inline std::string write_backup_part(backup_part const& part) {
    auto const number = [](auto value) { return std::to_string(value); };
    std::string out = R"({"object": )" + json_text(part.object) + R"(, "raw_size": )" + number(part.raw_size) +
                      R"(, "stored_size": )" + number(part.stored_size) + R"(, "sha256": )" + json_text(part.sha256) +
                      R"(, "files": )" + number(part.files);
    for (auto const& name : part.superseded)
        out.append(&name == &part.superseded.front() ? R"(, "superseded": [)" : ", ").append(json_text(name));
    return out.append(part.superseded.empty() ? "}" : "]}");
}

inline backup_part read_backup_part(json_in& in) {
    backup_part one;
    each_member(in, [&](std::string_view name) {
        if (name == "object") one.object = json_string_of(in);
        else if (name == "raw_size") one.raw_size = json_number<std::uint64_t>(in);
        else if (name == "stored_size") one.stored_size = json_number<std::uint64_t>(in);
        else if (name == "sha256") one.sha256 = json_string_of(in);
        else if (name == "files") one.files = json_number<std::uint64_t>(in);
        else if (name == "superseded") each_element(in, [&] { one.superseded.push_back(json_string_of(in)); });
        else in.any();
    });
    std::sort(one.superseded.begin(), one.superseded.end());
    // It becomes the name of an object.
    if (one.object.empty() || one.object.front() == '.' || one.object.find('/') != one.object.npos)
        in.fail("not the name of a part");
    return one;
}

}  // namespace detail
}  // namespace walmgr
