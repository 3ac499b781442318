// expect: pgq::ticker needs a session as its first argument
// max-errors: 2
#include <pgq/ticker.hpp>

#include <support/mistakes.hpp>

#if REJECT
void tick(std::string& db) {
    pgq::ticker ticker{db};
}
#else
void tick(support::scripted& db) {
    pgq::ticker ticker{db};
}
#endif
