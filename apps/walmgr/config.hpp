/// The configuration of walmgr.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/codec/zstd.hpp>

#include <array>
#include <string>
#include <string_view>
#include <variant>

namespace walmgr_app {

using any_codec = std::variant<walmgr::stored, walmgr::lz4, walmgr::zstd>;

struct config {
    std::string master_db{};
    std::string walmgr_data{};
    std::string cluster{};
    any_codec pack{};
};

struct key {
    std::string_view name;
    std::string_view fallback;
    std::string_view help;
};
inline constexpr std::array keys{
    key{"master_db", "dbname=template1", "connection string of the primary"},
    key{"walmgr_data", "", "folder of the repository, which must exist"},
    key{"cluster", "main", "name of the cluster in the repository"},
    key{"wal_compression", "zstd", "how segments are packed: none, lz4 or zstd"},
    key{"wal_compression_level", "", "1 to 19 for zstd, 0 to 12 for lz4; empty for the fastest"},
};

/// @throws pgq::usage_error  that names file and line
config read_config(std::string const& path);

/// A configuration with every key and what it is for.
std::string sample_config();

}  // namespace walmgr_app
