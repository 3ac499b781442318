/// What walmgr does, one function for each command. They return the exit status, or throw.
#pragma once

#include "config.hpp"

#include <string>

namespace walmgr_app {

/// Lets the repository know the cluster of master_db.
int repo_init(config const& settings);
/// For archive_command: stores a file.
int xarchive(config const& settings, std::string const& path, std::string const& name);
/// For restore_command: fetches a file.
int xrestore(config const& settings, std::string const& name, std::string const& path);
/// Reads all that is archived.
int verify(config const& settings, bool json);

/// The status that tells PostgreSQL about a failed xrestore what it has to do, as far as its working folder tells: end
/// a recovery with an error, but let a standby go on by streaming.
int status_for_recovery(int status);

}  // namespace walmgr_app
