/// What receivers tell a failover through each repository: which of them receive a timeline, and, while one does not,
/// how far it has it. A commit that waited for a receiver may be nowhere else, so that nobody is promoted past it.
///
/// `<cluster>/receivers/<history>-<timeline>/<id>` names a receiver that has begun the timeline; `<id>.at` beside it
/// says how far it has it, and is there only while it receives nothing: who receives again removes it first. Where two
/// repositories tell different things of one, as one of them was away, each is waited for: it is worse to lose what
/// was acknowledged than to wait for somebody who starts the receiver once, which then tells both.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// Who receives.
struct receiver_place {
    std::string host{};
    std::string folder{};  ///< that it receives into
    std::string id{};      ///< kept in that folder, since hosts may have equal names; empty for a walmgr of before

    friend bool operator==(receiver_place const&, receiver_place const&) = default;
};

/// A receiver of a timeline.
struct receiver_sign {
    receiver_place place{};
    std::optional<lsn> has{};  ///< up to where, durably; nothing while it receives, and when it has died
    std::string object{};      ///< by which it is known
};

namespace detail {

inline constexpr std::string_view sign_at = ".at";

inline std::string signs_folder(cluster const& of, timeline tli) {
    return of.name + "/receivers/" + std::to_string(of.history) + '-' + hex_text(static_cast<std::uint32_t>(tli), 8);
}
inline std::string sign_text(receiver_place const& of) {
    return of.host + '\n' + of.folder + '\n' + (of.id.empty() ? "" : of.id + '\n');
}
inline std::string sign_name(cluster const& of, timeline tli, receiver_place const& place) {
    constexpr std::size_t digits = 16;
    return signs_folder(of, tli) + '/' + hex_of(digest_of(sign_text(place))).substr(0, digits);
}

inline receiver_place parse_sign(std::string_view text, std::string const& name) {
    auto const end = text.find('\n');
    if (end == text.npos || !text.ends_with('\n') || end + 1 == text.size())
        throw error{fault::corrupt, name + " in the store names no receiver"};
    auto const rest = text.substr(end + 1, text.size() - end - 2);
    auto const cut = std::min(rest.find('\n'), rest.size());
    return {std::string{text.substr(0, end)}, std::string{rest.substr(0, cut)},
            std::string{rest.substr(std::min(cut + 1, rest.size()))}};
}

void remove_sign(store auto const& where, cluster const& of, timeline tli, receiver_place const& place) {
    auto const name = sign_name(of, tli, place);
    where.remove(name);
    where.remove(name + std::string{sign_at});
}
void write_position(store auto const& where, std::string const& sign, lsn has) {
    auto const name = sign + std::string{sign_at};
    auto const text = to_string(has) + '\n';
    if (create_small_object(where, name, text) || read_small_object(where, name) == text) return;
    where.remove(name);
    create_small_object(where, name, text);
}

/// The same receiver, as a walmgr of before has known it.
inline receiver_place without_id(receiver_place const& place) {
    return {place.host, place.folder, {}};
}

}  // namespace detail

/// Before anything of a timeline is acknowledged. @throws error  from the store
void sign_on(store auto const& where, cluster const& of, timeline tli, receiver_place const& place) {
    auto const name = detail::sign_name(of, tli, place);
    create_small_object(where, name, detail::sign_text(place));
    where.remove(name + std::string{detail::sign_at});
    if (!place.id.empty()) detail::remove_sign(where, of, tli, detail::without_id(place));
}

/// When nothing of it is received any more, until the next sign_on(). @throws error  from the store
void sign_off(store auto const& where, cluster const& of, timeline tli, receiver_place const& place, lsn has) {
    detail::write_position(where, detail::sign_name(of, tli, place), has);
    auto const before = detail::sign_name(of, tli, detail::without_id(place));
    if (!place.id.empty() && where.open(before)) detail::write_position(where, before, has);
}

/// All who have begun to receive a timeline. @throws error  corrupt; or from the store
std::vector<receiver_sign> find_receivers(store auto const& where, cluster const& of, timeline tli) {
    std::vector<receiver_sign> found;
    auto const folder = detail::signs_folder(of, tli);
    for (auto const& object : where.list(folder)) {
        if (object.ends_with(detail::sign_at) || object.back() == '/') continue;
        auto const name = folder + '/' + object;
        auto const text = read_small_object(where, name);
        if (!text) continue;
        receiver_sign one{.place = detail::parse_sign(*text, name), .has = {}, .object = name};
        if (auto at = read_small_object(where, name + std::string{detail::sign_at})) {
            if (at->ends_with('\n')) at->pop_back();
            one.has = parse_lsn(*at);
            if (!one.has) throw error{fault::corrupt, name + ".at in the store holds no position"};
        }
        found.push_back(std::move(one));
    }
    return found;
}

/// Nobody waits for that receiver any more. @throws error  from the store
void forget_receiver(store auto const& where, cluster const& of, timeline tli, receiver_place const& place) {
    detail::remove_sign(where, of, tli, place);
    if (!place.id.empty()) detail::remove_sign(where, of, tli, detail::without_id(place));
}

}  // namespace walmgr
