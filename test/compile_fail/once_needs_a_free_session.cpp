// expect: an insert policy that leaves the session free, such as insert_each or insert_bulk
// max-errors: 1
#include <pgq/codecs.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/producer.hpp>

#if REJECT
using policy = pgq::insert_copy;
#else
using policy = pgq::insert_each;
#endif

void store(pgq::producer<pgq::libpq::connection, policy>& out) {
    out.insert({.type = "reminder"}, pgq::deliver_after{std::chrono::hours{1}});
}
