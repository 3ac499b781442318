/// Who promotes a standby at the end of a timeline: one only, of all machines that may think of it at the same moment.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/error.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// Who it is.
struct promotion_claim {
    std::string token{};  ///< of one command, however often it is gone on with
    std::string who{};    ///< for people, in one line

    friend bool operator==(promotion_claim const&, promotion_claim const&) = default;
};

/// The object that keeps it.
inline std::string promotion_name(cluster const& of, timeline tli) {
    return of.name + "/promotions/" + std::to_string(of.history) + '-' +
           detail::hex_text(static_cast<std::uint32_t>(tli), 8);
}

/// Who promotes at the end of that timeline; nothing while nobody does. @throws error  corrupt; or from the store
std::optional<promotion_claim> find_promotion(store auto const& where, cluster const& of, timeline tli) {
    auto const name = promotion_name(of, tli);
    auto const text = read_small_object(where, name);
    if (!text) return std::nullopt;
    auto const line = text->find('\n');
    if (line == text->npos || !text->ends_with('\n'))
        throw error{fault::corrupt, name + " in the store does not say who promotes"};
    auto const rest = std::string_view{*text}.substr(line + 1);
    return promotion_claim{text->substr(0, line), std::string{rest.substr(0, rest.find('\n'))}};
}

/// Claims it, durably, unless somebody has. @return who has it now @throws error  from the store
promotion_claim claim_promotion(store auto const& where, cluster const& of, timeline tli,
                                promotion_claim const& wanted) {
    auto const name = promotion_name(of, tli);
    if (create_small_object(where, name, wanted.token + '\n' + wanted.who + '\n')) return wanted;
    auto const found = find_promotion(where, of, tli);
    if (!found) throw error{fault::unavailable, name + " was removed while it was looked at; try again"};
    return *found;
}

/// Gives it back. False when nobody had it. @throws error  from the store
bool release_promotion(store auto const& where, cluster const& of, timeline tli) {
    return where.remove(promotion_name(of, tli));
}

}  // namespace walmgr
