#include "handed_over.hpp"

#include "every_repository.hpp"

#include <walmgr/archived.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/file.hpp>
#include <walmgr/host_name.hpp>
#include <walmgr/log_record.hpp>
#include <walmgr/object.hpp>
#include <walmgr/receive/fetch_received.hpp>
#include <walmgr/receive/received_part.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/restore/lineage.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace walmgr_app {
namespace {

using walmgr::lsn;
using walmgr::timeline;

using opened = std::vector<walmgr::repository>;

walmgr::receiver_place own_place(config const& settings) {
    auto const& folder = settings.receive.partial_wals;
    return {walmgr::host_name(), folder, walmgr::read_receiver_id(folder)};
}

/// Up to where the log is durable in this machine's own folder.
std::optional<walmgr::wal_position> received_here(config const& settings) {
    auto const& folder = settings.receive.partial_wals;
    return folder.empty() ? std::nullopt : walmgr::read_flushed(folder);
}

/// An object with log of a segment, and up to where in the log it has it.
struct stored_log {
    walmgr::repository const* in = nullptr;
    std::string object{};
    lsn end{};
};

/// The whole segment, else what reaches furthest of what was handed over.
std::optional<stored_log> find_stored(opened const& all, walmgr::segment which) {
    std::optional<stored_log> longest;
    for (auto const& one : all) {
        auto const size = one.of.size;
        auto const whole = file_name(which, size);
        if (has_segment(one.where, one.of, which))
            return stored_log{&one, object_name(one.of, *walmgr::parse_wal_name(whole), whole),
                              begin_of({which.tli, which.number + 1}, size)};
        auto const part = longest_part(one.where, one.of, which);
        if (part && (!longest || part->end(size) > longest->end))
            longest =
                stored_log{&one, object_name(one.of, *walmgr::parse_wal_name(part->name), part->name), part->end(size)};
    }
    return longest;
}

/// Where a timeline begins, by the first repository that knows; else zero.
lsn begin_of_timeline(opened const& all, timeline tli) {
    for (auto const& one : all) {
        try {
            return begin_of(find_lineage(one.where, one.of, tli));
        } catch (walmgr::error const& problem) {
            if (problem.kind() != walmgr::fault::gap && problem.kind() != walmgr::fault::corrupt) throw;
        }
    }
    return {};
}

constexpr std::size_t length_bytes = 4;

std::optional<std::uint32_t> number_of(std::string_view bytes) {
    std::uint32_t number = 0;
    if (bytes.size() != sizeof number) return std::nullopt;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

/// Four bytes of the log. Nothing where they were not handed over.
std::optional<std::uint32_t> stored_number(opened const& all, timeline tli, lsn at) {
    auto const size = all.front().of.size;
    auto const found = find_stored(all, {tli, at.bytes / size.bytes});
    if (!found || found->end <= at) return std::nullopt;
    auto const in = found->in->where.open(found->object);
    if (!in) return std::nullopt;
    std::string bytes;
    std::uint64_t offset = 0;
    auto const wanted = at.bytes % size.bytes;
    walmgr::unpack_object(*in, found->object, [&](std::string_view raw) {
        auto const from = std::max(wanted, offset);
        auto const to = std::min(wanted + length_bytes, offset + raw.size());
        if (from < to) bytes += raw.substr(from - offset, to - from);
        offset += raw.size();
    });
    return number_of(bytes);
}

/// The same of what lies in this machine's own folder.
std::optional<std::uint32_t> received_number(std::string const& folder, timeline tli, lsn at,
                                             walmgr::segment_size size) {
    walmgr::segment const which{tli, at.bytes / size.bytes};
    auto const local = walmgr::list_partials(folder, size);
    if (!local) return std::nullopt;
    auto file = walmgr::open_file(folder + '/' + file_name(which, size));
    if (!file.is_open())
        file = walmgr::open_file(folder + '/' + walmgr::detail::longest_local(folder, *local, which, size).name);
    if (!file.is_open()) return std::nullopt;
    std::string bytes(length_bytes, '\0');
    bytes.resize(file.read(at.bytes % size.bytes, bytes));
    return number_of(bytes);
}

}  // namespace

std::string missing_hand_over(config const& settings, timeline tli) {
    auto const all = every_repository(settings);
    // Hosts and folders of equal names are not always one: what was received must be here.
    auto const own = received_here(settings);
    bool const here = own && own->tli == tli;
    for (auto const& [where, of] : all) {
        for (auto const& one : find_receivers(where, of, tli)) {
            if (here && one.place == own_place(settings)) continue;
            auto const who = "the receiver of host " + one.place.host + ", into " + one.place.folder + ',';
            if (!one.has)
                return who +
                       " has not told how far it has received: see that it runs there and reaches the repository"
                       ", or, where its folder is lost, remove " +
                       one.object + " in " + where.shown();
            if (*one.has <= begin_of_timeline(all, tli)) continue;  // nothing of it had come
            auto const stored = find_stored(all, {tli, (one.has->bytes - 1) / of.size.bytes});
            if (!stored || stored->end < *one.has)
                return who + " has log up to " + to_string(*one.has) +
                       " that is not in the repository: start receive there, which hands it over";
        }
    }
    return {};
}

std::string left_to_replay(config const& settings, timeline tli, lsn replayed, lsn gap) {
    auto const all = every_repository(settings);
    auto const& folder = settings.receive.partial_wals;
    auto const own = received_here(settings);
    for (auto const& [where, of] : all) {
        lsn up_to = own && own->tli == tli ? own->at : lsn{};
        for (auto const& one : find_receivers(where, of, tli))
            up_to = std::max(up_to, one.has.value_or(lsn{}));
        // A receiver that begins the segment anew behind an undo has less than it had.
        for (auto const& one : find_parts(where, of, tli))
            up_to = std::max(up_to, one.end(of.size));
        up_to = std::min(up_to, gap);
        constexpr std::uint32_t usual_page = 8192;
        auto const end = end_of_record(replayed, of.size, of.page_size == 0 ? usual_page : of.page_size, [&](lsn at) {
            if (at >= up_to) return std::optional<std::uint32_t>{};
            auto const stored = stored_number(all, tli, at);
            return stored || folder.empty() ? stored : received_number(folder, tli, at, of.size);
        });
        if (end && *end <= up_to)
            return "the standby has replayed up to " + to_string(replayed) + ", and receivers have log up to " +
                   to_string(up_to) + ": look into its log, and whether its restore_command works";
    }
    return {};
}

}  // namespace walmgr_app
