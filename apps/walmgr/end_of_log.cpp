#include "end_of_log.hpp"

#include "command.hpp"
#include "result.hpp"

#include <walmgr/archived.hpp>
#include <walmgr/discarded.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/receive/received_part.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/repositories/joined.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace walmgr_app {
namespace {

using walmgr::any_store;

/// Whether a recovery gets all that a receiver has, which is known only while that receives nothing.
bool is_archived(usable_repositories const& all, walmgr::lineage const& line, walmgr::receiver_sign const& one) {
    auto const& of = all.of;
    auto const tli = line.own;
    if (!one.has) return false;
    if (*one.has <= begin_of(line)) return true;
    walmgr::segment const last{tli, (one.has->bytes - 1) / of.size.bytes};
    // A part of a segment is handed out when its timeline was given up.
    auto const has_intent = [&](any_store const& where) { return find_intent(where, of, tli).has_value(); };
    bool const given_up = std::any_of(all.stores.begin(), all.stores.end(), has_intent);
    return std::any_of(all.stores.begin(), all.stores.end(), [&](any_store const& where) {
        if (has_segment(where, of, last)) return true;
        auto const part = given_up ? longest_part(where, of, last) : std::nullopt;
        return part && part->end(of.size) >= *one.has;
    });
}

void tell(std::string const& line) {
    say(line);
    result().attention(line);
}

}  // namespace

void tell_end_of_log(usable_repositories const& all, walmgr::restore_plan const& plan) {
    auto const tli = plan.line.own;
    auto const lost = discarded_end(walmgr::joined_stores{all.stores}, all.of);
    if (lost && contains(plan.line, lost->tli, begin_of(*lost, all.of.size)))
        tell(file_name(*lost, all.of.size) +
             " and what follows was thrown away by stop --discard-wal, and no later log is archived: this restore ends "
             "in front of it");
    for (auto const& where : all.stores) {
        for (auto const& one : find_receivers(where, all.of, tli)) {
            if (is_archived(all, plan.line, one)) continue;
            return tell("the receiver of host " + one.place.host + ", into " + one.place.folder +
                        ", may have log of timeline " + std::to_string(static_cast<std::uint32_t>(tli)) +
                        " that is not archived, with commits that are nowhere else: if the primary is lost get it by "
                        "restore --standby --start, then boot");
        }
    }
}

}  // namespace walmgr_app
