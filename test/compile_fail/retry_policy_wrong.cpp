// expect: pgq::retry needs a policy callable as std::optional<std::chrono::seconds>(int retries, std::exception const&) const
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
constexpr auto minute = [](std::exception const&) { return std::chrono::seconds{60}; };
#else
constexpr auto minute = [](int, std::exception const&) { return std::optional{std::chrono::seconds{60}}; };
#endif

pgq::consumer const billing{orders, pgq::retry{minute}, [](pgq::event const&) {}};
