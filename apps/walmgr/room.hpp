/// Room on disks, looked at beforehand. What is sure to fail is refused; what may fail is said, to people and to
/// programs, and begun.
#pragma once

#include "backed_up_server.hpp"
#include "config.hpp"

#include <walmgr/backup/list.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/probe.hpp>
#include <walmgr/restore/outside_folders.hpp>
#include <walmgr/restore/plan.hpp>
#include <walmgr/store/any.hpp>

#include <string>
#include <vector>

namespace walmgr_app {

/// For a restore into `folder`, which may be missing. @throws walmgr::error  disk_full, when it cannot succeed
void look_for_room(walmgr::restore_plan const& plan, std::string const& folder,
                   std::vector<walmgr::outside_folder> const& outside);

/// For a full backup into the repository `where`, which is at `location`. Only a folder of this machine tells its room.
/// @throws walmgr::error  disk_full, when the last one took more than four times of what there is; from the store
void look_for_room(config const& settings, backed_up_server& server, std::string const& location,
                   walmgr::any_store const& where, walmgr::cluster const& of);

/// What a repository in a folder of this machine has room for.
void probe_room(walmgr::probe_list& to, std::string const& location, walmgr::cluster const& of,
                walmgr::backup_list const& backups);

}  // namespace walmgr_app
