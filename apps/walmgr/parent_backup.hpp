/// What an incremental backup builds on.
#pragma once

#include "config.hpp"

#include <walmgr/backup/record.hpp>
#include <walmgr/backup/source.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/store/any.hpp>

#include <string>

namespace walmgr_app {

/// Whether it holds files that have changed whole. Servers before version 17 cannot say which blocks have changed, and
/// who reads files does not ask.
bool holds_whole_files(config const& settings, walmgr::backup_source const& source);

/// The backup that an incremental one is to build on: that of the label; where it is empty, the newest that says enough
/// of each file.
/// @throws walmgr::error  negative, when there is none; configuration, identity and corrupt, when it cannot be built on
walmgr::backup_record find_parent(config const& settings, std::string const& label, walmgr::any_store const& where,
                                  walmgr::cluster const& of, walmgr::backup_source const& source);

}  // namespace walmgr_app
