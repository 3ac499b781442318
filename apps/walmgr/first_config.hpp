/// The first configuration of a repository.
#pragma once

#include <string>

namespace walmgr_app {

/// What init was told. Secrets may be in the connection strings.
struct first_words {
    std::string data{};
    std::string cluster{"main"};
    std::string master_db{"dbname=template1"};
    std::string slave_db{};
    std::string slave_data{};
    std::string partial_wals{};
    std::string key_file{};  ///< for ssh; empty: none is made or named
    bool dry_run = false;    ///< only say what would be done
};

/// Writes it, makes the folder and the key that it names, and lets the repository know the cluster; says each on
/// standard output. @throws walmgr::error  negative, when there is such a file; unavailable; what `repo init` ends
/// with
void write_first_config(std::string const& path, first_words given);

}  // namespace walmgr_app
