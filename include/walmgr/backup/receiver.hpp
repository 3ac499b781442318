/// Takes what the server sends of a base backup: cuts its tar files into parts, and knows each file by its digest.
#pragma once

#include <walmgr/backup/part_limits.hpp>
#include <walmgr/backup/part_name.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/backup/unchanged.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/error.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/tar_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
/// A visitor for pgq::libpq::base_backup::run(). `Pool` takes the parts, see part_pool; `progress(bytes)` hears how
/// many bytes have come in all.
template <class Pool, class Progress> class backup_receiver {
public:
    /// Files that `before` has with the same bytes do not go to the pool. It must live as long.
    backup_receiver(Pool& pool, Progress progress, std::uint64_t part_size = usual_part_size,
                    backup_manifest const* before = nullptr)
        : pool_{pool}, members_{pool, before}, progress_{std::move(progress)}, part_size_{part_size} {}

    void begin(auto const& said) {
        for (auto const& one : said.archives) {
            expected_ += one.kilobytes.value_or(0) * 1024;
            if (one.oid) tablespaces_.push_back({*one.oid, one.path});
        }
        start_ = said.from.position;
        timeline_ = said.from.timeline;
    }
    /// A new archive: `base.tar`, or that of a tablespace that was announced. @throws error  corrupt
    void archive(std::string_view name, std::string_view) {
        end_archive();
        constexpr std::string_view ending = ".tar";
        if (!name.ends_with(ending)) throw error{fault::corrupt, "the server sends an archive that is no tar file"};
        name.remove_suffix(ending.size());
        bool const main = name == "base";
        bool const known = std::any_of(tablespaces_.begin(), tablespaces_.end(),
                                       [&](auto const& one) { return std::to_string(one.oid) == name; });
        if (!main && !known) throw error{fault::corrupt, "the server sends an archive that it did not announce"};
        archive_ = main ? "main" : std::string{name};
        folder_ = main ? "" : "pg_tblspc/" + archive_ + '/';
        number_ = 0;
        in_archive_ = true;
        open_part();
    }
    /// From now on data() brings the manifest.
    void manifest() {
        end_archive();
        in_manifest_ = true;
    }
    /// Bytes of what was begun last. @throws error  corrupt; or from the pool
    void data(std::string_view bytes) {
        if (in_manifest_) {
            manifest_ += bytes;
        } else {
            if (!in_archive_) throw error{fault::corrupt, "the server sends bytes of no archive"};
            reader_.write(bytes, taker{*this});
        }
        came_ += bytes.size();
        progress_(came_, expected_);
    }
    /// What the server says of its progress is not needed: what came is counted.
    void progress(std::uint64_t) const {}

    /// After the last message: the server's manifest must have the digest that it says, and name just the files that
    /// came, with their lengths and digests. @throws error  corrupt
    void compare() {
        end_archive();
        if (!in_manifest_) throw error{fault::corrupt, "the server sent no manifest of the backup"};
        auto const said = parse_backup_manifest(manifest_, "the server's manifest of the backup");
        for (auto const& [path, file] : said.files) {
            auto const found = files_.find(path);
            if (found == files_.end())
                throw error{fault::corrupt, path + " is in the server's manifest and did not come"};
            if (file.sha256.empty()) throw error{fault::corrupt, path + " has no SHA-256 in the server's manifest"};
            if (found->second != file)
                throw error{fault::corrupt, path + " came with other bytes than the server's manifest says"};
        }
        for (auto const& [path, file] : files_) {
            if (!said.files.contains(path))
                throw error{fault::corrupt, path + " came and is not in the server's manifest"};
        }
    }

    /// What the server said, and what came.
    [[nodiscard]] std::string const& manifest_text() const noexcept { return manifest_; }
    [[nodiscard]] std::vector<backup_tablespace> const& tablespaces() const noexcept { return tablespaces_; }
    [[nodiscard]] lsn start() const noexcept { return {start_}; }
    [[nodiscard]] timeline tli() const noexcept { return timeline{timeline_}; }

private:
    /// Takes the members of the archive that is being received.
    struct taker {
        backup_receiver& to;

        /// In front of a member, where a part may end.
        void begin(tar_entry const& entry) {
            bool const alone = to.alone_;
            to.settle();
            to.path_ = to.folder_ + entry.name;
            to.alone_ = to.members_.wants_own_part(to.path_, entry);
            auto const size = to.pool_.current_size();
            if (size >= to.part_size_ || (size > 0 && (alone || to.alone_))) {
                to.close_part();
                to.open_part();
            }
            to.members_.begin(to.path_, entry);
            if (entry.kind == tar_kind::file) {
                to.digest_ = {};
                to.size_ = 0;
            }
        }
        void raw(std::string_view bytes) { to.members_.raw(bytes); }
        void data(std::string_view bytes) {
            to.digest_.update(bytes);
            to.size_ += bytes.size();
        }
        /// A file may come once only. @throws error  corrupt
        void end() {
            auto const [file, first] =
                to.files_.emplace(to.path_, manifest_file{to.size_, hex_of(to.digest_.finish())});
            if (!first) throw error{fault::corrupt, to.path_ + " came twice"};
            to.members_.end(to.path_, file->second);
        }
    };

    void open_part() { pool_.begin(to_string(part_name{archive_, number_++})); }
    void close_part() {
        pool_.write(std::string(tar_end_bytes, '\0'));
        pool_.end();
    }
    /// The member before is over. A part that was given up leaves its name to another.
    void settle() {
        if (!members_.settle()) return;
        --number_;
        open_part();
    }
    void end_archive() {
        if (!in_archive_) return;
        reader_.finish();
        reader_ = {};
        settle();
        alone_ = false;
        close_part();
        in_archive_ = false;
    }

    Pool& pool_;
    changed_members<Pool> members_;
    Progress progress_;
    std::uint64_t part_size_;
    std::uint64_t start_ = 0;
    std::uint32_t timeline_ = 0;
    std::uint64_t expected_ = 0;
    std::uint64_t came_ = 0;
    std::vector<backup_tablespace> tablespaces_{};
    std::string archive_{};
    std::string folder_{};
    unsigned number_ = 0;
    bool in_archive_ = false;
    bool in_manifest_ = false;
    bool alone_ = false;  ///< the member before had a part for itself
    tar_reader reader_{};
    std::string path_{};
    sha256 digest_{};
    std::uint64_t size_ = 0;
    std::string manifest_{};
    std::map<std::string, manifest_file> files_{};
};

}  // namespace walmgr
