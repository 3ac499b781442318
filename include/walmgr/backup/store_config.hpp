/// Storing the configuration files of a server with its backup, and reading them again.
#pragma once

#include <walmgr/backup/config_files.hpp>
#include <walmgr/backup/kept_config.hpp>
#include <walmgr/backup/packed_part.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/error.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/tar_reader.hpp>
#include <walmgr/tar_writer.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Stores what was found in the folder of a backup, where there is something, and makes it durable. @return what the
/// backup's record is to say; nothing where all lies in the data folder @throws error  duplicate; or from the store
std::optional<kept_config> store_config(store auto const& where, codec auto const& way, origin const& from,
                                        std::string const& folder, found_config const& found) {
    if (found.files.empty() && found.missing.empty()) return std::nullopt;
    auto const& places = found.places;
    kept_config kept{.places = {.data = detail::plain_text(places.data),
                                .config = detail::plain_text(places.config),
                                .hba = detail::plain_text(places.hba),
                                .ident = detail::plain_text(places.ident)},
                     .part = {},
                     .missing = found.missing};
    if (found.files.empty()) return kept;
    packed_part out{where, way, folder, std::string{config_object}};
    for (auto const& one : found.files) {
        out.count_member();
        out.write(tar_header({.kind = tar_kind::file,
                              .name = one.path.substr(1),
                              .link = {},
                              .size = one.bytes.size(),
                              .mode = one.mode},
                             one.from));
        out.write(one.bytes);
        out.write(tar_padding(one.bytes.size()));
    }
    out.write(std::string(tar_end_bytes, '\0'));
    kept.part = out.finish(from);
    return kept;
}

namespace detail {

/// A visitor for tar_reader that keeps whole files.
struct config_members {
    std::vector<config_file> files{};

    void begin(tar_entry const& entry) {
        if (entry.kind != tar_kind::file) bad_tar(entry.name + " is no file");
        if (entry.size > longest_config_file) bad_tar(entry.name + " is too long for a configuration file");
        files.push_back({.path = '/' + entry.name, .bytes = {}, .mode = entry.mode, .from = {}});
    }
    void data(std::string_view bytes) { files.back().bytes += bytes; }
    void end() const {}
};

}  // namespace detail

/// The configuration files that a backup has, compared with its record; none where all lay in the data folder.
/// @throws error  corrupt, when they are missing or damaged
std::vector<config_file> read_config(store auto const& where, cluster const& of, backup_record const& one) {
    if (!one.configuration || !one.configuration->part) return {};
    auto const& part = *one.configuration->part;
    auto const name = backup_folder(of, one.label) + '/' + part.object;
    auto const in = where.open(name);
    if (!in) throw error{fault::corrupt, name + " is missing"};
    detail::config_members found;
    tar_reader read;
    auto const label = unpack_object(*in, name, [&](std::string_view raw) { read.write(raw, found); });
    read.finish();
    if (label.raw_size != part.raw_size || hex_of(label.raw_digest) != part.sha256 || found.files.size() != part.files)
        throw error{fault::corrupt, name + " is whole, but not what the backup's record names"};
    return std::move(found.files);
}

}  // namespace walmgr
