/// Reading a whole backup, to know today what a restore would find out on the day it is needed.
#pragma once

#include <walmgr/backup/counted_members.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/backup/part_name.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup/store_config.hpp>
#include <walmgr/backup/unchanged.hpp>
#include <walmgr/backup/wal_arrival.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/executor.hpp>
#include <walmgr/in_parallel.hpp>
#include <walmgr/object.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/store.hpp>
#include <walmgr/tar_reader.hpp>
#include <walmgr/verify.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

/// A visitor for tar_reader: the digest of each file.
struct file_digests {
    std::string folder;  ///< in front of each path
    std::map<std::string, manifest_file>& files;
    std::string path{};
    sha256 hash{};
    std::uint64_t size = 0;

    void begin(tar_entry const& entry) {
        path = folder + entry.name;
        hash = {};
        size = 0;
    }
    void data(std::string_view bytes) {
        hash.update(bytes);
        size += bytes.size();
    }
    void end() {
        if (!files.emplace(path, manifest_file{size, hex_of(hash.finish())}).second) bad_tar(path + " comes twice");
    }
};

std::map<std::string, manifest_file> read_part(store auto const& where, std::string const& folder,
                                               backup_part const& part) {
    std::map<std::string, manifest_file> files;
    auto const name = folder + '/' + part.object;
    auto const in = where.open(name);
    if (!in) throw error{fault::corrupt, name + " is missing"};
    file_digests look{.folder = prefix_of_part(part.object), .files = files};
    counted_members counted{part, look};
    tar_reader read;
    auto const label = unpack_object(*in, name, [&](std::string_view raw) { read.write(raw, counted); });
    read.finish();
    if (label.raw_size != part.raw_size || hex_of(label.raw_digest) != part.sha256 || counted.members() != part.files)
        throw error{fault::corrupt, name + " is whole, but not the part that the backup's record names"};
    return files;
}

inline void compare_files(std::map<std::string, manifest_file> const& listed,
                          std::map<std::string, manifest_file> const& there, auto&& wrong) {
    for (auto const& [path, file] : listed) {
        auto const found = there.find(path);
        if (found == there.end()) wrong(path + " is in the manifest and in no part");
        else if (file.sha256.empty() || found->second != file) wrong(path + " has not the digest of the manifest");
    }
    for (auto const& [path, file] : there) {
        if (!listed.contains(path)) wrong(path + " is in a part and not in the manifest");
    }
}

}  // namespace detail

/// Reads every part of a backup and its manifest, unpacks them, and compares each file; parts at once as `on` has
/// threads, each of which has a store of its own by `open()`. Takes as long as reading all of it does.
/// `progress(object)` hears of each before it is read, from one thread at a time. @return what is wrong, nothing when
/// the backup can be trusted, its log apart @throws error  when the store fails
template <class Open, class Executor = inline_executor>
std::vector<damaged_object> verify_backup(Open const& open, cluster const& of, backup_record const& one,
                                          auto&& progress, Executor const& on = {}) {
    static_assert(store_opener<Open>, "walmgr::verify_backup: open() const must give a store to each thread");
    static_assert(executor<Executor>,
                  "walmgr::verify_backup: an executor needs run(work, most) const, which calls work()");
    std::mutex guard;
    auto const folder = backup_folder(of, one.label);
    std::map<std::string, manifest_file> files;
    auto const damage_of = [&](std::string const& object, auto const& work) -> std::optional<damaged_object> {
        {
            std::lock_guard const lock{guard};
            progress(object);
        }
        try {
            work();
            return std::nullopt;
        } catch (error const& failure) {
            if (failure.kind() != fault::corrupt && failure.kind() != fault::identity) throw;
            return damaged_object{object, failure.kind(), failure.what()};
        }
    };
    std::vector<std::optional<damaged_object>> found(one.parts.size());
    in_parallel(one.parts.size(), on, open, [&](std::size_t number, store auto const& where) {
        auto const& part = one.parts[number];
        found[number] = damage_of(folder + '/' + part.object, [&] {
            auto of_part = detail::read_part(where, folder, part);
            std::lock_guard const lock{guard};
            files.merge(of_part);
            if (!of_part.empty()) detail::bad_tar(of_part.begin()->first + " comes twice");
        });
    });
    std::vector<damaged_object> damaged;
    for (auto& part : found) {
        if (part) damaged.push_back(std::move(*part));
    }
    auto const where = open();
    if (one.configuration && one.configuration->part) {
        auto part = damage_of(folder + '/' + one.configuration->part->object, [&] { read_config(where, of, one); });
        if (part) damaged.push_back(std::move(*part));
    }
    auto const name = folder + '/' + std::string{backup_manifest_object};
    bool const parts_are_fine = damaged.empty();
    auto of_manifest = damage_of(name, [&] {
        if (one.manifest_sha256.empty()) throw error{fault::corrupt, name + " has no digest in the backup's record"};
        auto const manifest = parse_backup_manifest(manifest_text(where, of, one), name);
        if (one.whole_files) {
            auto const parent = find_backup(where, of, one.parent);
            if (!parent) throw error{fault::corrupt, name + ": backup " + one.parent + " is missing"};
            files.merge(
                unchanged_files(parse_backup_manifest(manifest_text(where, of, *parent), one.parent), manifest));
        }
        if (!parts_are_fine) return;  // each file of a damaged part would be named
        detail::compare_files(manifest.files, files, [&](std::string const& why) {
            damaged.push_back({name, fault::corrupt, why});
        });
    });
    if (of_manifest) damaged.push_back(std::move(*of_manifest));
    return damaged;
}

}  // namespace walmgr
