/// Who may work on the backups of a cluster: a policy of whatever changes them.
#pragma once

#include <concepts>

namespace walmgr {

/// A lock that is held. `is_ours(where)` is false when somebody has taken it over, which for a lock that reaches over
/// machines must be possible: a holder that is gone gives nothing back. Models: <walmgr/lease_held.hpp>.
template <class L, class Store>
concept backup_lock = requires(L const& held, Store const& where) {
    { held.is_ours(where) } -> std::same_as<bool>;
};

/// For who keeps others out by himself: by a scheduler that runs one at a time, or a lock of the server's.
struct no_lock {
    [[nodiscard]] bool is_ours(auto const& /*where*/) const noexcept { return true; }
};

}  // namespace walmgr
