/// What whoever receives a cluster's log is told.
#pragma once

#include <walmgr/gap.hpp>
#include <walmgr/receive/wal_stream.hpp>

#include <functional>
#include <string>

namespace walmgr {

/// From which server, and how.
struct receive_settings {
    std::function<std::string()> conninfo{};  ///< asked for before each session: the primary may have changed
    std::string application_name{};
    bool once = false;  ///< end when all is durable that the server had when it was asked, and tell of every failure
    stream_settings stream{};
    /// Records log that the server has not any more, in each repository; nothing: in the one that is looked at.
    std::function<void(wal_gap const&)> record_gap{};
};

}  // namespace walmgr
