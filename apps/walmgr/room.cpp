#include "room.hpp"

#include "command.hpp"
#include "result.hpp"

#include <walmgr/codec.hpp>
#include <walmgr/disk_room.hpp>
#include <walmgr/error.hpp>
#include <walmgr/location.hpp>
#include <walmgr/object.hpp>
#include <walmgr/restore/needed_room.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>

namespace walmgr_app {
namespace {

using walmgr::fault;

// Needs are rounded up and room down, so that what does not fit never looks as if it did.
constexpr unsigned megabyte = 20;
std::string at_least(std::uint64_t bytes) {
    return std::to_string((bytes + (std::uint64_t{1} << megabyte) - 1) >> megabyte) + " MB";
}
std::string at_most(std::uint64_t bytes) {
    return std::to_string(bytes >> megabyte) + " MB";
}

void attend(std::string const& text) {
    say(text);
    result().attention(text);
}

/// XFS frees what was removed a moment ago only by and by. So where it seems that there is no room it is looked at
/// again, as long as it grows.
std::vector<walmgr::needed_room> settled_room(walmgr::restore_plan const& plan, std::string const& folder,
                                              std::vector<walmgr::outside_folder> const& outside) {
    auto const all_of = [](std::vector<walmgr::needed_room> const& needs) {
        std::uint64_t all = 0;
        for (auto const& one : needs)
            all += one.disk.at_most;
        return all;
    };
    auto found = room_needed_by(plan, folder, outside);
    for (std::uint64_t before = 0; before < all_of(found);) {
        if (std::none_of(found.begin(), found.end(), [](auto const& one) { return one.cannot_be(); })) break;
        before = all_of(found);
        std::this_thread::sleep_for(std::chrono::milliseconds{300});
        found = room_needed_by(plan, folder, outside);
    }
    return found;
}

/// The folder of a repository's that is on a disk of this machine; nothing for others.
std::optional<walmgr::disk_room> room_of(std::string const& location, std::string const& folder) {
    auto const where = walmgr::parse_location(location);
    if (where.by != walmgr::reached_by::path) return std::nullopt;
    return walmgr::room_at(where.path + '/' + folder);
}

/// The newest full backup of this cluster that is whole, and was packed as the next one will be.
std::optional<walmgr::backup_record> last_full(walmgr::any_store const& where, walmgr::cluster const& of,
                                               walmgr::packing way) {
    auto labels = where.list(backups_folder(of));
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        if (!label->ends_with("-F/")) continue;
        label->pop_back();
        try {
            auto found = find_backup(where, of, *label);
            if (!found) continue;
            if (found->history != of.history || found->parts.empty()) return std::nullopt;
            auto const object = backup_folder(of, *label) + '/' + found->parts.front().object;
            auto const part = where.open(object);
            if (!part || label_of(*part, object).packed_by != way) return std::nullopt;
            return found;
        } catch (walmgr::error const& problem) {
            if (problem.kind() != fault::corrupt) throw;
        }
    }
    return std::nullopt;
}

/// `bytes`, as many times as `part` is of `whole`.
std::uint64_t scaled(std::uint64_t bytes, std::uint64_t part, std::uint64_t whole) {
    return static_cast<std::uint64_t>(static_cast<double>(bytes) * static_cast<double>(part) /
                                      static_cast<double>(std::max<std::uint64_t>(whole, 1)));
}

}  // namespace

void look_for_room(walmgr::restore_plan const& plan, std::string const& folder,
                   std::vector<walmgr::outside_folder> const& outside) {
    for (auto const& one : settled_room(plan, folder, outside)) {
        bool const never = one.cannot_be();
        if (!never && !one.is_short()) continue;
        std::string places;
        for (auto const& place : one.folders)
            places += (places.empty() ? "" : " and ") + place;
        auto const text = "backup " + plan.from.label + " takes " + at_least(never ? one.least : one.likely) + " in " +
                          places + ", and there is room for " +
                          at_most((never ? one.disk.at_most : one.disk.free) + one.there) +
                          (one.there > 0 ? ", with what lies there already" : "");
        if (never) throw walmgr::error{fault::disk_full, text + "; nothing was written"};
        attend(text + "; the restore may fail for lack of it");
    }
}

void look_for_room(config const& settings, backed_up_server& server, std::string const& location,
                   walmgr::any_store const& where, walmgr::cluster const& of) {
    auto const disk = room_of(location, backups_folder(of));
    if (!disk) return;
    auto const way = std::visit([](auto const& codec) { return std::decay_t<decltype(codec)>::kind; }, settings.pack);
    auto const last = last_full(where, of, way);
    auto const size = server.data_size();
    auto const room = where.shown() + " has room for " + at_most(disk->free);
    if (!last) {
        if (size && *size > disk->free)
            attend(room + ", and the server has " + at_least(*size) +
                   (way == walmgr::packing::stored ? "" : ", of which nobody knows yet how well they pack") +
                   "; the backup may fail for lack of it");
        return;
    }
    auto const raw = raw_size_of(*last);
    auto const stored = stored_size_of(*last);
    auto const about = size ? scaled(stored, *size, raw) : stored;
    if (about <= disk->free) return;
    auto const text = room + ", and the backup takes about " + at_least(about) + ", as the last one, " + last->label +
                      ", took " + at_least(stored) + " for " + at_least(raw);
    // What has come since may pack well; and what was there may be gone.
    if (disk->plain && std::min(about, stored) / 4 > disk->at_most)
        throw walmgr::error{fault::disk_full, text + "; nothing was stored. See: walmgr CONFIG expire"};
    attend(text + "; it may fail for lack of it");
}

void probe_room(walmgr::probe_list& to, std::string const& location, walmgr::cluster const& of,
                walmgr::backup_list const& backups) {
    auto const log = room_of(location, wal_folder(of));
    if (log)
        to.add("room", log->free < of.size.bytes ? walmgr::verdict::wrong : walmgr::verdict::fine,
               at_most(log->free) + " free for the log" +
                   (log->free < of.size.bytes ? ", which is less than a segment" : ""));
    auto const full = std::find_if(backups.sealed.rbegin(), backups.sealed.rend(),
                                   [](auto const& one) { return one.kind == walmgr::backup_kind::full; });
    auto const disk = room_of(location, backups_folder(of));
    if (!disk || full == backups.sealed.rend()) return;
    auto const took = stored_size_of(*full);
    bool const fits = took <= disk->free;
    if (fits && log && log->is_shared_with(*disk)) return;
    to.add("room", fits ? walmgr::verdict::fine : walmgr::verdict::note,
           at_most(disk->free) + " free for backups" +
               (fits ? "" : ", and the last full one, " + full->label + ", took " + at_least(took)));
}

}  // namespace walmgr_app
