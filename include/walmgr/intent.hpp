/// That a timeline is given up: somebody has decided that its primary will not write any more, and that a standby is to
/// be promoted from where it ends. Only then may the segment that was being written be handed out unfinished.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <optional>
#include <string>

namespace walmgr {

/// The decision.
struct boot_intent {
    timeline tli{};  ///< that ends
    lsn position{};  ///< how far its log was known when the decision was taken

    friend bool operator==(boot_intent const&, boot_intent const&) = default;
};

/// The object that keeps the intent to end a timeline.
inline std::string intent_name(cluster const& of, timeline tli) {
    return of.name + "/intents/" + std::to_string(of.history) + '-' +
           detail::hex_text(static_cast<std::uint32_t>(tli), 8);
}

/// Records it, durably. False when that timeline was given up before: what was recorded then stays.
/// @throws error  from the store
bool record_intent(store auto const& where, cluster const& of, boot_intent const& wanted) {
    return create_small_object(where, intent_name(of, wanted.tli), to_string(wanted.position) + '\n');
}

/// Nothing while nobody has given that timeline up. @throws error  corrupt; or from the store
std::optional<boot_intent> find_intent(store auto const& where, cluster const& of, timeline tli) {
    auto const name = intent_name(of, tli);
    auto text = read_small_object(where, name);
    if (!text) return std::nullopt;
    if (text->ends_with('\n')) text->pop_back();
    auto const position = parse_lsn(*text);
    if (!position) throw error{fault::corrupt, name + " in the store holds no position"};
    return boot_intent{tli, *position};
}

/// Takes it back. False when there was none. @throws error  from the store
bool withdraw_intent(store auto const& where, cluster const& of, timeline tli) {
    return where.remove(intent_name(of, tli));
}

}  // namespace walmgr
