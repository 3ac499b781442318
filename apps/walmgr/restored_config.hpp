/// With which configuration a restored server is started, where it has none in its data folder.
#pragma once

#include "config.hpp"

#include <walmgr/backup/config_files.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/restore/plan.hpp>
#include <walmgr/store/any.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace walmgr_app {

/// Known before anything is written.
class restored_config {
public:
    /// `folder`: where the backup's files are to go, from the root; empty for nowhere. `data`: the data folder.
    /// @throws walmgr::error  usage, where the backup has no such files, or `start` is wanted and nothing says with
    ///         which; duplicate, for other files in their places; corrupt
    restored_config(config const& settings, walmgr::any_store const& where, walmgr::cluster const& of,
                    walmgr::restore_plan const& plan, std::string folder, bool start, std::string const& data);

    /// Says what would be done.
    void show() const;
    /// Writes the files, and says which. @throws walmgr::error  duplicate, unavailable, disk_full
    void write() const;
    /// What the server on `data` is started with; nothing where its own configuration says it all.
    [[nodiscard]] std::vector<std::string> settings(std::string const& data) const;
    /// The command of the configuration that starts it, where the server's place is known by that alone; else empty.
    [[nodiscard]] std::vector<std::string> const& start_command() const { return start_command_; }
    /// For people: how to start the server on `data`.
    [[nodiscard]] std::string advice(std::string const& data) const;

private:
    void use_present(config const& settings, std::string const& data);

    std::string folder_;
    walmgr::config_places was_{};
    walmgr::target_kind target_;
    bool own_ = false;         ///< the data folder has a postgresql.conf
    std::uint64_t count_ = 0;  ///< of the files that the backup has
    /// Those, where they are wanted: damage in them is no reason not to restore the rest.
    std::vector<walmgr::config_file> kept_{};
    std::vector<std::string> start_command_{};
    std::string present_{};                          ///< a postgresql.conf of this machine to start with
    std::vector<walmgr::config_file> of_present_{};  ///< that, and what it includes
};

}  // namespace walmgr_app
