#include "ready_repositories.hpp"

#include "claim.hpp"
#include "every_repository.hpp"

#include <walmgr/error.hpp>
#include <walmgr/lease.hpp>
#include <walmgr/probe_object.hpp>

#include <string>

namespace walmgr_app {
namespace {

using walmgr::error;
using walmgr::fault;

/// Who works on the backups there, for people; empty for nobody.
std::string holder_of_lease(walmgr::repository const& in) {
    auto const us = walmgr::this_host_holder("switchover");
    for (auto const& one : find_leases(in.where, in.of)) {
        if (!is_left_behind(one, us))
            return "the backups in the repository " + in.where.shown() + " are in the hands of a " +
                   to_string(one.holder);
    }
    return {};
}

}  // namespace

void require_ready_repositories(config const& settings, walmgr::timeline tli, walmgr::journal const* log,
                                bool take_over, bool dry_run) {
    std::string claimed;
    std::string held;
    in_every_repository(settings, [&](walmgr::repository const& in) {
        if (claimed.empty() && !take_over) claimed = claimed_elsewhere(in, tli, log);
        if (held.empty()) held = holder_of_lease(in);
        if (!dry_run && !gives_back(in.where, in.of))
            throw error{fault::unavailable, "it did not give back what it took"};
    });
    if (!claimed.empty()) refuse_claimed(claimed);
    if (!held.empty()) throw error{fault::negative, "no switchover now: " + held + "; wait for its end"};
}

}  // namespace walmgr_app
