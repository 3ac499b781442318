/// Which of several repositories a command is about.
#pragma once

#include "config.hpp"

#include <walmgr/cluster.hpp>
#include <walmgr/store/any.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr_app {

/// The place in walmgr_data of the repository that is meant: by its number there, from 1 on, or its location.
/// @throws walmgr::error  usage, when it is none of them
std::size_t repository_place(std::vector<std::string> const& locations, std::string_view text);

/// All repositories that can be used and know the cluster, in their order.
struct usable_repositories {
    std::vector<walmgr::any_store> stores{};
    std::vector<std::string> locations{};
    walmgr::cluster of{};
    std::optional<std::size_t> only{};  ///< the one that was asked for, among these
    bool several = false;               ///< the configuration names more than one, usable or not

    /// From now on those that have kept the history which that backup is of, as of that time: of a backup from before
    /// an upgrade another one than the cluster's present one. Changes nothing where none has a backup of that label.
    /// @throws walmgr::error  from a store
    void go_back_to(std::string const& label);

    /// For people: where there are several, which that one is.
    [[nodiscard]] std::string shown(std::size_t which) const;
};

/// Opens them. Of those that cannot be used one line says why, unless it is `wanted`, which a command was told to go
/// by. @throws walmgr::error  what all say, when none can be used, or what the wanted one says
usable_repositories open_usable(config const& settings, std::string const& wanted = {});

}  // namespace walmgr_app
