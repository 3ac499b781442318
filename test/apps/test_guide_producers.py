"""The pieces of code in the guides to producers and to dead letters compile as they stand there, each as the body of a function."""

from support.guide import as_functions, check_compiles, pieces_of

PRELUDE = """
#include <pgq/pgq.hpp>
#include <cstdio>
using namespace std::chrono_literals;
struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (int, cents));
};
struct reminder {
    static constexpr std::string_view event_type = "reminder";
    BOOST_HANA_DEFINE_STRUCT(reminder, (std::int64_t, id));
};
struct payment {
    static constexpr std::string_view event_type = "payment";
    BOOST_HANA_DEFINE_STRUCT(payment, (std::int64_t, id), (int, cents));
};
void bill(std::string_view, order_placed const&) {}
"""
ARGUMENTS = "pgq::libpq::connection& db, [[maybe_unused]] pgq::trace_parent const& trace"


def test_the_pieces_compile(scratch):
    found = [pieces_of(f"docs/guide/{name}") for name in ("producers.md", "dead_letters.md")]
    assert [len(pieces) for pieces in found] == [6, 1]
    own, *others = [piece for pieces in found for piece in pieces]
    bodies = [own] + [("" if "out{" in piece or "out." not in piece else 'pgq::producer out{db, "orders"};\n') + piece for piece in others]
    check_compiles(PRELUDE + as_functions(bodies, ARGUMENTS), scratch)
