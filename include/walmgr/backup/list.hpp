/// Which backups a repository has.
#pragma once

#include <walmgr/backup/record.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A backup that cannot be used, and why.
struct damaged_backup {
    std::string label;
    std::string why;
};

/// What lies in the folder of backups, each list sorted by label, which is by time.
struct backup_list {
    std::vector<backup_record> sealed{};
    std::vector<std::string> unfinished{};  ///< labels without a record: running, killed, half removed
    std::vector<damaged_backup> damaged{};  ///< those with a record that cannot be read
};

/// The record of a backup; nothing when there is none of that label, or it is unfinished.
/// @throws error  usage, for what is no label; corrupt, for a record that is damaged or another backup's
std::optional<backup_record> find_backup(store auto const& where, cluster const& of, std::string const& label) {
    constexpr std::size_t largest_record = std::size_t{64} << 20U;
    if (!is_backup_label(label)) throw error{fault::usage, "\"" + label + "\" is no label of a backup"};
    auto const object = backup_folder(of, label).append("/").append(backup_seal);
    auto const in = where.open(object);
    if (!in) return std::nullopt;
    std::string text;
    unpack_object(*in, object, [&](std::string_view raw) {
        if (text.size() + raw.size() > largest_record) throw error{fault::corrupt, object + " is too large"};
        text += raw;
    });
    auto read = parse_backup_record(text, object);
    if (read.label != label || (read.history == of.history && (read.system_id != of.system_id || read.size != of.size)))
        throw error{fault::corrupt, object + " is the record of another backup"};
    return read;
}

/// The server's manifest of a backup, as it was sent. @throws error  corrupt, when it is missing, damaged or another
/// one
std::string manifest_text(store auto const& where, cluster const& of, backup_record const& one) {
    auto const object = backup_folder(of, one.label).append("/").append(backup_manifest_object);
    auto const in = where.open(object);
    if (!in) throw error{fault::corrupt, object + " is missing, so backup " + one.label + " cannot be verified"};
    std::string text;
    auto const named = [&](object_label const& said) {
        if (!one.manifest_sha256.empty() && hex_of(said.raw_digest) != one.manifest_sha256)
            throw error{fault::corrupt, object + " is not the manifest that the backup's record names"};
    };
    unpack_object(
        *in, object, [&](std::string_view raw) { text += raw; }, named);
    return text;
}

/// All backups of a cluster, of each history. Reads one small object for each.
/// @throws error  when the store fails
backup_list list_backups(store auto const& where, cluster const& of) {
    backup_list found;
    for (auto label : where.list(backups_folder(of))) {
        if (label.back() != '/') continue;
        label.pop_back();
        if (!is_backup_label(label)) continue;
        try {
            if (auto one = find_backup(where, of, label)) found.sealed.push_back(std::move(*one));
            else found.unfinished.push_back(std::move(label));
        } catch (error const& failure) {
            if (failure.kind() != fault::corrupt) throw;
            found.damaged.push_back({std::move(label), failure.what()});
        }
    }
    return found;
}

}  // namespace walmgr
