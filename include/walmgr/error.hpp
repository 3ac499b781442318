/// What goes wrong with write-ahead log and backups, and the exit status that says so.
#pragma once

#include <pgq/error.hpp>

#include <string>

namespace walmgr {

/// Kinds of failure that a caller acts on. The number is the exit status of programs.
enum class fault {
    negative = 1,         ///< not found, or the answer is no
    usage = 2,            ///< the command line
    configuration = 3,    ///< the configuration file
    identity = 10,        ///< of another cluster, timeline or position than it should be
    duplicate = 11,       ///< something else is stored under that name
    corrupt = 12,         ///< the bytes are not those that were stored
    gap = 13,             ///< something is missing that later things build on
    locked = 14,          ///< somebody else works there
    timed_out = 15,       ///< a deadline passed
    unavailable = 16,     ///< a store cannot be reached or refuses
    disk_full = 17,       ///< no room
    server_running = 18,  ///< a PostgreSQL runs where none may
};

/// Messages begin in lower case, have no final stop, hold no secret, and say what to do where something can be done.
class error : public pgq::error {
public:
    error(fault kind, std::string const& message) : pgq::error{message}, kind_{kind} {}

    /// What to act on.
    [[nodiscard]] fault kind() const noexcept { return kind_; }

private:
    fault kind_;
};

}  // namespace walmgr
