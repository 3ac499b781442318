/// What the record of a backup says of configuration files that lay outside of the data folder.
#pragma once

#include <walmgr/backup/part_record.hpp>
#include <walmgr/config_places.hpp>
#include <walmgr/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// A configuration file that is not in the backup, and why.
struct missing_config {
    std::string path{};
    std::string why{};

    friend bool operator==(missing_config const&, missing_config const&) = default;
};

/// The files are a tar file of their own, whose members have their paths from the root, without the slash in front. It
/// is none of the backup's parts, which hold what lies in the data folder.
struct kept_config {
    config_places places{};             ///< as the server said them; empty when it did not
    std::optional<backup_part> part{};  ///< nothing when no file could be read
    std::vector<missing_config> missing{};

    friend bool operator==(kept_config const&, kept_config const&) = default;
};

/// The name of its object in the backup's folder.
inline constexpr std::string_view config_object = "config.tar";

namespace detail {

/// The member of a record, without its name.
inline std::string write_kept_config(kept_config const& one) {
    std::string out = R"({"data_directory": )" + json_text(one.places.data) + R"(, "config_file": )" +
                      json_text(one.places.config) + R"(, "hba_file": )" + json_text(one.places.hba) +
                      R"(, "ident_file": )" + json_text(one.places.ident);
    if (one.part) out.append(R"(, "part": )").append(write_backup_part(*one.part));
    out += R"(, "missing": [)";
    for (auto const& file : one.missing)
        out.append(out.ends_with('[') ? "" : ", ")
            .append(R"({"path": )")
            .append(json_text(file.path))
            .append(R"(, "why": )")
            .append(json_text(file.why))
            .append("}");
    return out + "]}";
}

inline kept_config read_kept_config(json_in& in) {
    kept_config one;
    auto const read_missing = [&] {
        missing_config file;
        each_member(in, [&](std::string_view name) {
            if (name == "path") file.path = json_string_of(in);
            else if (name == "why") file.why = json_string_of(in);
            else in.any();
        });
        one.missing.push_back(std::move(file));
    };
    each_member(in, [&](std::string_view name) {
        if (name == "data_directory") one.places.data = json_string_of(in);
        else if (name == "config_file") one.places.config = json_string_of(in);
        else if (name == "hba_file") one.places.hba = json_string_of(in);
        else if (name == "ident_file") one.places.ident = json_string_of(in);
        else if (name == "part") one.part = read_backup_part(in);
        else if (name == "missing") each_element(in, read_missing);
        else in.any();
    });
    return one;
}

}  // namespace detail
}  // namespace walmgr
