/// A queue of one test, on the server under test.
#pragma once

#include <pgq/sql/queue.hpp>

#include <support/session.hpp>

#include <string>

namespace support {

/// Created with a session of its own and dropped, by force, when the test ends.
struct fresh_queue {
    pgq::libpq::connection db = connect();
    std::string name;

    fresh_queue() {
        static int made = 0;
        name = "fresh_" + std::to_string(++made);
        pgq::sql::create_queue(db, name);
    }
    fresh_queue(fresh_queue const&) = delete;
    fresh_queue& operator=(fresh_queue const&) = delete;
    ~fresh_queue() {
        db.rollback();
        pgq::sql::drop_queue(db, name, true);
    }
};

}  // namespace support
