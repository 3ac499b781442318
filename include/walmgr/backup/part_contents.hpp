/// What lies in a part, beside it while its backup is unfinished: so that another attempt need not store it again. It
/// is written when the part is durable, and removed when the backup has its record, which says all that counts then.
#pragma once

#include <walmgr/backup/manifest_writer.hpp>
#include <walmgr/backup/part_name.hpp>
#include <walmgr/backup/part_record.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/error.hpp>
#include <walmgr/json.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A part, and its members by their names within it.
struct part_contents {
    backup_part part{};
    std::map<std::string, manifest_file> files{};
    std::vector<std::string> folders{};

    friend bool operator==(part_contents const&, part_contents const&) = default;
};

/// The name of the object that lists a part.
inline std::string contents_object(std::string const& part) {
    return part + ".list";
}

/// The text of that object.
inline std::string write_part_contents(part_contents const& of) {
    using detail::json_text;
    std::string out = R"({"part": )" + detail::write_backup_part(of.part) + ",\n\"files\": [";
    for (auto const& [name, file] : of.files) {
        out.append(out.ends_with('[') ? "\n" : ",\n").append(R"({"name": )").append(json_text(name));
        out.append(R"(, "size": )").append(std::to_string(file.size)).append(R"(, "sha256": )");
        out.append(json_text(file.sha256)).append("}");
    }
    out += "],\n\"folders\": [";
    for (auto const& name : of.folders)
        out.append(out.ends_with('[') ? "\n" : ",\n").append(json_text(name));
    return out + "]}\n";
}

/// Reads it again. Members that it does not know are passed over. `name` is for messages. @throws error  corrupt
inline part_contents parse_part_contents(std::string_view text, std::string const& name) {
    part_contents read;
    try {
        detail::json_in in{text};
        auto const read_file = [&] {
            std::string member;
            manifest_file file;
            detail::each_member(in, [&](std::string_view key) {
                if (key == "name") member = detail::json_string_of(in);
                else if (key == "size") file.size = detail::json_number<std::uint64_t>(in);
                else if (key == "sha256") file.sha256 = detail::json_string_of(in);
                else in.any();
            });
            if (!is_inner_path(member) || file.sha256.empty()) in.fail("not a file of a backup");
            read.files.emplace(std::move(member), std::move(file));
        };
        detail::each_member(in, [&](std::string_view key) {
            if (key == "part") read.part = detail::read_backup_part(in);
            else if (key == "files") detail::each_element(in, read_file);
            else if (key == "folders")
                detail::each_element(in, [&] { read.folders.push_back(detail::json_string_of(in)); });
            else in.any();
        });
        in.end();
    } catch (pgq::decode_error const& problem) {
        throw error{fault::corrupt, name + " lists no part of a backup: " + problem.what()};
    }
    if (!parse_part_name(read.part.object)) throw error{fault::corrupt, name + " lists no part of a backup"};
    return read;
}

/// Stores it beside the part. A part with a name that JSON cannot have gets none, and is stored again by another
/// attempt. @throws error  from the store
void store_part_contents(store auto const& where, std::string const& folder, codec auto const& way,
                         part_contents const& of) {
    auto const plain = [](auto const& names, auto const& name_of) {
        return std::all_of(names.begin(), names.end(),
                           [&](auto const& one) { return detail::is_plain_path(name_of(one)); });
    };
    if (!plain(of.files, [](auto const& one) -> std::string const& { return one.first; }) ||
        !plain(of.folders, [](auto const& name) -> std::string const& { return name; }))
        return;
    auto out = where.create(folder + '/' + contents_object(of.part.object));
    object_packer pack{out, way};
    pack.write(write_part_contents(of));
    pack.finish({});
    out.seal();
}

/// What lies in a part; nothing when nobody wrote that down. @throws error  corrupt; or from the store
std::optional<part_contents> read_part_contents(store auto const& where, std::string const& folder,
                                                std::string const& part) {
    auto const name = folder + '/' + contents_object(part);
    auto const in = where.open(name);
    if (!in) return std::nullopt;
    std::string text;
    unpack_object(*in, name, [&](std::string_view raw) { text += raw; });
    auto read = parse_part_contents(text, name);
    if (read.part.object != part) throw error{fault::corrupt, name + " lists another part"};
    return read;
}

}  // namespace walmgr
