/// What pgq_ext keeps in the database that effects go to: how far a consumer of another database has come, and what is
/// still to be said there. Each call joins the caller's transaction.
#pragma once

#include <pgq/codec/bool.hpp>
#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/ids.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/transport.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq::sql::ext {

/// Moves the consumer from one tick to the next. False when it is there or further. Waits for a transaction that does
/// the same.
/// @throws sql_error  55000 when it is at neither of the two, 3F000 or 42883 without pgq_ext 4.0
bool advance_tick(transport auto& db, std::string_view consumer, tick_id previous, tick_id tick) {
    return value_of<bool>(query(db, "select pgq_ext.advance_tick($1, $2, $3)", consumer, previous, tick), 0, 0);
}

/// Where the consumer is; nothing when it was never here.
std::optional<std::int64_t> last_tick(transport auto& db, std::string_view consumer) {
    return value_of<std::optional<std::int64_t>>(query(db, "select pgq_ext.get_last_tick($1)", consumer), 0, 0);
}

/// Keeps that events of the batch that ends at `tick` are to be delivered again; array literals of equal length.
void keep_retries(transport auto& db, std::string_view consumer, tick_id tick, std::string const& ids,
                  std::string const& seconds) {
    query(db, "select pgq_ext.keep_retries($1, '', $2, $3::bigint[], $4::integer[])", consumer, tick, ids, seconds);
}

/// Keeps a letter for the source's queue of dead letters.
void keep_letter(transport auto& db, std::string_view consumer, tick_id tick, new_event const& letter) {
    query(db, "select pgq_ext.keep_letter($1, '', $2, $3, $4, $5, $6, $7, $8)", consumer, tick, letter.type,
          letter.data, letter.extra[0], letter.extra[1], letter.extra[2], letter.extra[3]);
}

/// At most `limit` of what is kept, behind `after`: place, event id and seconds (letters have none), type, data and the
/// four extras.
auto kept_verdicts(transport auto& db, std::string_view consumer, tick_id tick, std::int64_t after, int limit) {
    return query(db,
                 "select place, event_id, delay, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 "
                 "from pgq_ext.kept_verdicts($1, '', $2, $3, $4)",
                 consumer, tick, after, limit);
}

/// Has the commit of this transaction return when it is on disk, whatever the role or the database says.
void commit_durably(transport auto& db) {
    query(db, "select set_config('synchronous_commit', 'on', true) "
              "where current_setting('synchronous_commit') = 'off'");
}

}  // namespace pgq::sql::ext
