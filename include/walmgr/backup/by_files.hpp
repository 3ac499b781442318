/// A base backup that is read from the server's own folders, several files at a time, while the server writes them.
#pragma once

#include <sys/stat.h>
#include <walmgr/backup/control_file.hpp>
#include <walmgr/backup/data_files.hpp>
#include <walmgr/backup/local_server.hpp>
#include <walmgr/backup/manifest_writer.hpp>
#include <walmgr/backup/pack_files.hpp>
#include <walmgr/backup/take.hpp>
#include <walmgr/sql/base_backup.hpp>
#include <walmgr/sql/health.hpp>
#include <walmgr/sql/replay.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

/// What stands behind `key: ` in a backup_label, up to a blank. @throws error  corrupt
inline std::string_view label_word(std::string_view label, std::string_view key) {
    for (auto at = label.find(key); at != label.npos; at = label.find(key, at + 1)) {
        auto const value = at + key.size() + 2;
        if ((at > 0 && label[at - 1] != '\n') || label.substr(at + key.size(), 2) != ": ") continue;
        return label.substr(value, label.find_first_of(" \n", value) - value);
    }
    throw error{fault::corrupt, "the server's backup_label has no " + std::string{key}};
}

/// The timeline of a backup, by its backup_label. @throws error  corrupt, when that is of another backup
inline timeline timeline_of_label(std::string_view label, lsn start) {
    auto const begin = label_word(label, "START WAL LOCATION");
    auto const text = label_word(label, "START TIMELINE");
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (parse_lsn(begin) != start || number == 0)
        throw error{fault::corrupt, "the server's backup_label is not of this backup: it begins at " +
                                        std::string{begin} + " of timeline " + std::string{text}};
    return timeline{number};
}

/// Long files first, so that none of them is what all wait for in the end; then by archive, of which a part holds one.
inline void sort_for_packing(std::vector<data_file>& files, std::uint64_t long_file) {
    std::sort(files.begin(), files.end(), [long_file](data_file const& a, data_file const& b) {
        bool const first = a.size >= long_file;
        if (first != (b.size >= long_file)) return first;
        if (!first && a.archive != b.archive) return a.archive < b.archive;
        return a.size != b.size ? a.size > b.size : a.name < b.name;
    });
}

}  // namespace detail

/// A method of take_backup(), for a server of this machine. Incremental backups hold changed files whole, whatever the
/// version is.
template <class Db> class backup_by_files {
public:
    /// The session must live as long, and be used for nothing else: the backup is the session's.
    backup_by_files(Db& session, local_server where, backup_source const& source, std::uint64_t system_id,
                    std::stop_token stop)
        : db_{session}, where_{std::move(where)}, version_{source.version}, checksums_{source.checksums},
          of_standby_{source.in_recovery}, system_id_{system_id}, stop_{std::move(stop)} {}

    /// @throws error  corrupt, for a damaged page, which it names; unavailable, for a file that cannot be read;
    ///         identity, when a standby was promoted meanwhile or came to another timeline; or from the store;
    ///         pgq::sql_error, pgq::connection_error, pgq::stopped
    template <class Open, codec Codec, class Progress>
    copied_backup copy(backup_job<Open, Codec, Progress> const& job) {
        sql::lift_session_limits(db_);
        auto const start = sql::begin_backup(db_, job.order.label, job.order.fast);
        auto all = find_data_files(where_.data, where_.tablespace_folder, version_);
        skipped_ = all.skipped;
        detail::sort_for_packing(all.files, job.order.part_size);
        part_list parts{first_numbers(job.order, all.archives)};
        auto packed =
            pack_files(job, all, parts, {.checksums = checksums_, .start = start}, stop_, [this] { still_there(); });
        // Last, as a server sends it: what it says then holds for all files that were read. Of a standby it says up to
        // where recovery has to come, at least, for them to fit together.
        auto const control = detail::read_control_file(where_.data);
        auto const end = sql::end_backup(db_);
        for (auto const& page : packed.torn)
            if (page.changed > end.stop) detail::damaged_page(page.path, page.page);
        auto const tli = detail::timeline_of_label(end.label, start);
        // A standby follows its primary to another timeline, which the server does not take for the end of a backup.
        if (detail::label_word(end.label, "BACKUP FROM") == "standby" && sql::replayed_timeline(db_) != tli)
            throw error{fault::identity, "the standby has come to another timeline meanwhile; take another backup"};

        part_series<backup_job<Open, Codec, Progress>> last{job, parts, all.archives};
        add(last, packed, "global/pg_control", control);
        add(last, packed, "backup_label", end.label);
        if (!end.tablespace_map.empty()) add(last, packed, "tablespace_map", end.tablespace_map);
        for (std::size_t i = 0; i < all.archives.size(); ++i)
            last.add_folders(i);
        last.finish();
        auto stored = parts.take();
        if (job.order.begun != nullptr) {
            auto earlier = job.order.begun->parts_with(packed.stored_before);
            stored.insert(stored.begin(), std::move_iterator{earlier.begin()}, std::move_iterator{earlier.end()});
        }
        std::sort(packed.entries.begin(), packed.entries.end(),
                  [](auto const& a, auto const& b) { return a.path < b.path; });
        return {.tli = tli,
                .start = start,
                .stop = end.stop,
                .tablespaces = std::move(all.tablespaces),
                .parts = std::move(stored),
                .manifest = write_backup_manifest(version_, system_id_, packed.entries, {tli, start, end.stop})};
    }

    /// Paths that are in no backup because they are neither files nor folders, of the last copy().
    [[nodiscard]] std::vector<std::string> const& skipped() const noexcept { return skipped_; }

private:
    /// A session outlives the promotion of a standby, which ends the backup when it is to be finished.
    void still_there() {
        if (sql::in_recovery(db_) != of_standby_)
            throw error{fault::identity, "the standby was promoted while the backup was taken, which is none; take "
                                         "another one"};
    }

    static std::vector<unsigned> first_numbers(backup_order const& order, std::vector<data_archive> const& archives) {
        std::vector<unsigned> first;
        for (auto const& one : archives)
            first.push_back(order.begun == nullptr ? 0 : order.begun->next_number(one.name));
        return first;
    }

    /// A file of the data folder whose bytes are known.
    void add(auto& to, packed_files& all, std::string const& path, std::string_view bytes) const {
        struct stat like {};
        auto const control = where_.data + "/global/pg_control";
        if (::stat(control.c_str(), &like) != 0) refuse("cannot look at " + control);
        to.begin(0,
                 {.kind = tar_kind::file, .name = path, .link = {}, .size = bytes.size(), .mode = like.st_mode & 0777U},
                 detail::origin_of(like));
        to.write(bytes);
        to.write(tar_padding(bytes.size()));
        manifest_file const file{bytes.size(), hex_of(detail::digest_of(bytes))};
        to.end(file);
        all.entries.push_back({path, file, std::time(nullptr)});
    }

    Db& db_;
    local_server where_;
    int version_;
    bool checksums_;
    bool of_standby_;
    std::uint64_t system_id_;
    std::stop_token stop_;
    std::vector<std::string> skipped_{};
};

}  // namespace walmgr
