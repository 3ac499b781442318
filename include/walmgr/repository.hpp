/// What a repository knows of a cluster: an object for each time that the cluster became another one (initdb,
/// pg_upgrade), written once. It is text, to be read without this program.
#pragma once

#include <pgq/ini.hpp>

#include <walmgr/cluster.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/encrypted_mark.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {
namespace detail {

inline std::string record_name(std::string const& cluster_name, int history) {
    return cluster_name + "/history/" + std::to_string(history) + ".ini";
}

inline std::uint64_t record_number(pgq::ini_section const& record, std::string_view key) {
    auto const text = record.text(key);
    std::uint64_t value = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) record.refuse(key, "is no number");
    return value;
}

inline cluster parse_record(std::string_view text, std::string const& name, std::string const& cluster_name,
                            int history) {
    try {
        auto file = pgq::ini_file::parse(text, name);
        auto const& record = file.section("cluster");
        auto const size = valid_segment_size(record_number(record, "segment_size"));
        if (!size) record.refuse("segment_size", "is no length of segments");
        // Records that are older than the last two keys have neither.
        return {.name = cluster_name,
                .system_id = record_number(record, "system_id"),
                .size = *size,
                .history = history,
                .version = static_cast<int>(record.number("version", 0, 1, 9999)),
                .page_size = static_cast<std::uint32_t>(record.number("page_size", 0, 1, 1 << 16))};
    } catch (pgq::usage_error const& problem) {
        throw error{fault::corrupt,
                    std::string{"the repository's record of the cluster is damaged: "} + problem.what()};
    }
}

bool write_record(store auto const& where, cluster const& which) {
    auto out = where.create(record_name(which.name, which.history));
    auto text = "[cluster]\nsystem_id = " + std::to_string(which.system_id) +
                "\nsegment_size = " + std::to_string(which.size.bytes) + '\n';
    if (which.version != 0) text += "version = " + std::to_string(which.version) + '\n';
    if (which.page_size != 0) text += "page_size = " + std::to_string(which.page_size) + '\n';
    out.write(text);
    return out.seal();
}

/// The numbers of all histories that the repository keeps, oldest first.
std::vector<int> recorded_histories(store auto const& where, std::string const& cluster_name) {
    std::vector<int> found;
    for (auto const& object : where.list(cluster_name + "/history")) {
        int number = 0;
        auto const [end, problem] = std::from_chars(object.data(), object.data() + object.size(), number);
        if (problem == std::errc{} && std::string_view{end} == ".ini" && number > 0) found.push_back(number);
    }
    std::sort(found.begin(), found.end());
    return found;
}

cluster read_record(store auto const& where, std::string const& cluster_name, int history) {
    constexpr std::size_t longest_record = 4096;
    auto const object = record_name(cluster_name, history);
    auto const record = where.open(object);
    if (!record) throw error{fault::unavailable, object + " was in the repository and is not any more; try again"};
    if (looks_encrypted(*record))
        throw error{fault::configuration, "the repository is encrypted; name its key by encryption_key_file"};
    std::string text(longest_record, '\0');
    text.resize(record->read(0, text));
    return parse_record(text, object, cluster_name, history);
}

}  // namespace detail

/// The newest cluster of that name that the repository keeps; nothing when there is none.
std::optional<cluster> find_cluster(store auto const& where, std::string const& name) {
    auto const all = detail::recorded_histories(where, name);
    if (all.empty()) return std::nullopt;
    return detail::read_record(where, name, all.back());
}

/// What a cluster was before its last upgrade, and the ones before that; oldest first.
std::vector<cluster> earlier_histories(store auto const& where, cluster const& now) {
    std::vector<cluster> found;
    for (int const number : detail::recorded_histories(where, now.name))
        if (number < now.history) found.push_back(detail::read_record(where, now.name, number));
    return found;
}

/// What a cluster was when it had that system id for the last time, be it now; nothing when the repository never kept
/// that.
std::optional<cluster> find_history(store auto const& where, cluster const& now, std::uint64_t system_id) {
    if (now.system_id == system_id) return now;
    auto const all = earlier_histories(where, now);
    auto const found =
        std::find_if(all.rbegin(), all.rend(), [&](cluster const& one) { return one.system_id == system_id; });
    return found == all.rend() ? std::nullopt : std::optional{*found};
}

/// Records a cluster, so that its log can be kept; only looks, unless `act`. False when it is known already.
/// @throws error  identity, when another cluster has that name
bool record_cluster(store auto const& where, cluster const& which, bool act = true) {
    if (auto const known = find_cluster(where, which.name)) {
        if (known->system_id == which.system_id && known->size == which.size) return false;
        throw error{fault::identity, "the repository keeps another cluster under the name " + which.name +
                                         ", with system id " + std::to_string(known->system_id) +
                                         "; take another name for this one"};
    }
    // Whoever was faster has most likely recorded the same.
    return !act || detail::write_record(where, which) || record_cluster(where, which);
}

/// Records what a known cluster has become by pg_upgrade, under the next number of its history; only looks, unless
/// `act`. The log and the backups of the time before stay where they are. @return what it is from now on
/// @throws error  locked, when somebody else has recorded something meanwhile
cluster record_upgrade(store auto const& where, cluster const& before, cluster after, bool act) {
    after.name = before.name;
    after.history = before.history + 1;
    if (!act) return after;
    if (!detail::write_record(where, after))
        throw error{fault::locked, "somebody else has recorded history " + std::to_string(after.history) + " of " +
                                       after.name + " meanwhile; look again"};
    return after;
}

}  // namespace walmgr
