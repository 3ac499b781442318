// expect: pgq::tracked needs a connection string, or a callable that opens a session with begin, commit, rollback and
// max-errors: 1
#include <pgq/policy/tracked.hpp>

#include <support/mistakes.hpp>

struct only_statements : support::scripted {};

#if REJECT
pgq::tracked const somewhere{[] { return only_statements{}; }};
#else
pgq::tracked const somewhere{[] { return support::scripted_session{}; }};
#endif
pgq::consumer const billing{orders, somewhere, [](pgq::event const&) {}};
