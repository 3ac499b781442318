#include "handed_over.hpp"

#include "open_repository.hpp"

#include <walmgr/cluster.hpp>
#include <walmgr/file.hpp>
#include <walmgr/host_name.hpp>
#include <walmgr/log_record.hpp>
#include <walmgr/object.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/repositories.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace {

using walmgr::lsn;
using walmgr::timeline;

using opened = std::vector<walmgr::repository>;

opened open_all(config const& settings) {
    opened all;
    for (auto const& location : settings.walmgr_data) {
        auto where = open_location(settings, location);
        auto of = known_cluster(settings, where);
        all.push_back({std::move(where), std::move(of)});
    }
    return all;
}

walmgr::receiver_place own_place(config const& settings) {
    return {walmgr::host_name(), settings.receive.partial_wals};
}

/// Up to where the log is durable in this machine's own folder.
std::optional<walmgr::wal_position> received_here(config const& settings) {
    auto const& folder = settings.receive.partial_wals;
    return folder.empty() ? std::nullopt : walmgr::read_flushed(folder);
}

/// The names under which a segment may be kept, whole or as far as it was received.
std::array<std::string, 2> names_of(walmgr::segment which, walmgr::segment_size size) {
    auto const name = file_name(which, size);
    return {name, name + std::string{walmgr::partial_ending}};
}

bool has_segment(opened const& all, walmgr::segment which) {
    return std::any_of(all.begin(), all.end(), [&](walmgr::repository const& one) {
        auto const names = names_of(which, one.of.size);
        return std::any_of(names.begin(), names.end(), [&](std::string const& name) {
            return one.where.open(object_name(one.of, *walmgr::parse_wal_name(name), name)).has_value();
        });
    });
}

constexpr std::size_t length_bytes = 4;

std::optional<std::uint32_t> number_of(std::string_view bytes) {
    std::uint32_t number = 0;
    if (bytes.size() != sizeof number) return std::nullopt;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

/// Four bytes of the log, from the first repository that has them.
std::optional<std::uint32_t> stored_number(opened const& all, timeline tli, lsn at) {
    for (auto const& one : all) {
        auto const size = one.of.size;
        for (auto const& name : names_of({tli, at.bytes / size.bytes}, size)) {
            auto const object = object_name(one.of, *walmgr::parse_wal_name(name), name);
            auto const in = one.where.open(object);
            if (!in) continue;
            std::string bytes;
            std::uint64_t offset = 0;
            auto const wanted = at.bytes % size.bytes;
            walmgr::unpack_object(*in, object, [&](std::string_view raw) {
                auto const from = std::max(wanted, offset);
                auto const to = std::min(wanted + length_bytes, offset + raw.size());
                if (from < to) bytes += raw.substr(from - offset, to - from);
                offset += raw.size();
            });
            return number_of(bytes);
        }
    }
    return std::nullopt;
}

/// The same of what lies in this machine's own folder.
std::optional<std::uint32_t> received_number(std::string const& folder, timeline tli, lsn at,
                                             walmgr::segment_size size) {
    auto const name = file_name({tli, at.bytes / size.bytes}, size);
    for (auto const ending : {std::string_view{}, walmgr::partial_ending, walmgr::ended_ending}) {
        auto const file = walmgr::open_file(folder + '/' + name + std::string{ending});
        if (!file.is_open()) continue;
        std::string bytes(length_bytes, '\0');
        bytes.resize(file.read(at.bytes % size.bytes, bytes));
        return number_of(bytes);
    }
    return std::nullopt;
}

}  // namespace

std::string missing_hand_over(config const& settings, timeline tli) {
    auto const all = open_all(settings);
    // Hosts and folders of equal names are not always one: what was received must be here.
    auto const own = received_here(settings);
    bool const here = own && own->tli == tli;
    for (auto const& [where, of] : all) {
        for (auto const& one : find_receivers(where, of, tli)) {
            if (here && one.place == own_place(settings)) continue;
            auto const who = "the receiver of host " + one.place.host + ", into " + one.place.folder + ',';
            if (!one.has)
                return who + " has not told how far it has received: see that it runs there and reaches the repository";
            if (one.has->bytes > 0 && !has_segment(all, {tli, (one.has->bytes - 1) / of.size.bytes}))
                return who + " has log up to " + to_string(*one.has) +
                       " that is not in the repository: start receive there, which hands it over";
        }
    }
    return {};
}

std::string left_to_replay(config const& settings, timeline tli, lsn replayed) {
    auto const all = open_all(settings);
    auto const& folder = settings.receive.partial_wals;
    auto const own = received_here(settings);
    for (auto const& [where, of] : all) {
        lsn up_to = own && own->tli == tli ? own->at : lsn{};
        for (auto const& one : find_receivers(where, of, tli))
            up_to = std::max(up_to, one.has.value_or(lsn{}));
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
