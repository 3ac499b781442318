/// Whether a server's past is the one that the repository knows, and how the repository comes to know it.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/replication.hpp>
#include <pgq/log.hpp>

#include <walmgr/archive.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/server_facts.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr {

/// Whether the repository has the history of the server's timeline, which is not the first one.
/// @throws error  identity, when that is another one: then two servers were promoted; from the store
bool has_history_of(store auto const& where, cluster const& of, server_facts const& server) {
    auto const name = history_name(server.tli);
    auto const stored = where.open(object_name(of, *parse_wal_name(name), name));
    if (!stored) return false;
    std::string text;
    detail::unpack_archived(*stored, name, *parse_wal_name(name), of, [&](std::string_view raw) { text += raw; });
    if (text == server.history) return true;
    throw error{fault::identity, "the server is not the one to receive from: the history of its timeline " +
                                     std::to_string(static_cast<std::uint32_t>(server.tli)) +
                                     " is another one than the repository's; two servers were promoted"};
}

/// Hands the history of a timeline to the archiver, by way of the folder. That a server has it not is said.
/// @throws pgq::error; error  from the folder
void keep_history(pgq::libpq::replication& server, timeline tli, partial_folder const& folder, auto& archiver,
                  pgq::log_sink auto const& log) {
    auto const name = history_name(tli);
    try {
        folder.write(name, server.timeline_history(static_cast<std::uint32_t>(tli)));
    } catch (pgq::sql_error const& refused) {
        log.write(pgq::log_level::warning, "the server has no " + name + ": " + refused.what());
        return;
    }
    archiver.add(name, name);
}

}  // namespace walmgr
