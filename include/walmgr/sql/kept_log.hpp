/// Keeping a server from removing log for a while.
#pragma once

#include <pgq/codec/string.hpp>
#include <pgq/error.hpp>
#include <pgq/transport.hpp>

#include <string>

namespace walmgr::sql {

/// While it lives, and the session does, a server keeps its log from its last restartpoint on, through a promotion too:
/// by a temporary replication slot. Where the server has none to spare, or the role may not make one, nothing is kept.
template <pgq::transport Db> class kept_log {
public:
    explicit kept_log(Db& db) : db_{db} {
        try {
            auto const rows = pgq::query(
                db_,
                "select (pg_create_physical_replication_slot('walmgr_' || pg_backend_pid(), true, true)).slot_name");
            slot_ = pgq::value_of<std::string>(rows, 0, 0);
        } catch (pgq::sql_error const&) { slot_.clear(); }
    }
    kept_log(kept_log const&) = delete;
    kept_log& operator=(kept_log const&) = delete;
    ~kept_log() {
        if (slot_.empty()) return;
        try {
            pgq::query(db_, "select pg_drop_replication_slot($1)", slot_);
        } catch (pgq::error const&) { return; }  // it goes with the session
    }

private:
    Db& db_;
    std::string slot_{};
};

}  // namespace walmgr::sql
