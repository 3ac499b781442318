/// The configuration of walmgr.
#pragma once

#include <common/keys.hpp>

#include <walmgr/cluster.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/codec/zstd.hpp>
#include <walmgr/repositories.hpp>

#include <array>
#include <string>
#include <variant>
#include <vector>

namespace walmgr_app {

using any_codec = std::variant<walmgr::stored, walmgr::lz4, walmgr::zstd>;

struct config {
    std::string master_db{};
    std::vector<std::string> walmgr_data{};  ///< locations of repositories
    walmgr::quorum wal_copies{};
    std::string cluster{};
    any_codec pack{};
};

inline constexpr std::array keys{
    apps::key{"master_db", "dbname=template1", "connection string of the primary"},
    apps::key{"walmgr_data", "", "folder of the repository, which must exist; several with commas between"},
    apps::key{"wal_copies", "all", "how many repositories must have a file before it counts as archived"},
    apps::key{"cluster", "main", "name of the cluster in the repository"},
    apps::key{"wal_compression", "zstd", "how segments are packed: none, lz4 or zstd"},
    apps::key{"wal_compression_level", "", "1 to 19 for zstd, 0 to 12 for lz4; empty for the fastest"},
};

/// @throws pgq::usage_error  that names file and line
config read_config(std::string const& path);

/// A configuration with every key and what it is for.
std::string sample_config();

}  // namespace walmgr_app
