// Bodies of <pgq/policy/insert_pipelined.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/insert_pipelined.hpp>

namespace pgq::detail {

PGQ_INLINE void pipelined_writer::begin() {
    // Prepared statements are gone when the session was opened anew.
    if (db_.backend_pid() != prepared_for_) {
        db_.prepare(statement_, sql::insert_event_text);
        prepared_for_ = db_.backend_pid();
    }
    pipeline_.emplace(db_, libpq::ignore_answers{}, bytes_);
}

}  // namespace pgq::detail
