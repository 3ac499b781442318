/// What `backup --resume` goes on with.
#pragma once

#include <walmgr/backup/begun.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/store/any.hpp>

#include <optional>
#include <string>

namespace walmgr_app {

/// The unfinished backup of that kind to go on with, if there is one; else it is said that a new one is taken.
/// @throws walmgr::error  from the store
std::optional<walmgr::begun_backup> find_begun_backup(walmgr::any_store const& where, walmgr::cluster const& of,
                                                      walmgr::backup_kind kind);

/// Which it is, and how much of it is stored.
std::string describe(walmgr::begun_backup const& begun);

}  // namespace walmgr_app
