// expect: pgq::for_state needs a retry policy as its second part
// expect: pgq::for_transient needs a retry policy
// expect: pgq::for_exception needs a retry policy
// expect: pgq::unless_exception needs a retry policy
// expect: pgq::first_of needs two retry policies
// max-errors: 5
#include <support/mistakes.hpp>

#if REJECT
constexpr auto minute = [](std::exception const&) { return std::chrono::seconds{60}; };
#else
constexpr auto minute = [](int, std::exception const&) { return std::optional{std::chrono::seconds{60}}; };
#endif

pgq::for_state const conflicts{"40", minute};
pgq::for_transient const trouble{minute};
auto const unread = pgq::for_exception<pgq::decode_error>(minute);
auto const all_others = pgq::unless_exception<pgq::decode_error>(minute);
pgq::first_of const either{pgq::never{}, minute};
