"""The pieces of code in docs/guide/testing.md run as they stand there, each as the body of a function."""

from support.guide import as_functions, check_runs, pieces_of

PRELUDE = """
#include <pgq/pgq.hpp>
#include <pgq/testing.hpp>
using pgq::testing::lost;
using pgq::testing::refused;
using pgq::testing::step;
struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};
pgq::consumer billing{pgq::subscription{"orders", "billing"}, [](pgq::event const&) {}};
"""

# Each has a server of its own, with the queue.
CALL = "{ pgq::testing::server db; db.create_queue(\"orders\"); piece_%d(db); }\n"


def test_the_pieces_run(scratch):
    pieces = ["{\n" + piece + "}\n" for piece in pieces_of("docs/guide/testing.md")]  # the first has a `db` of its own
    assert len(pieces) == 5
    calls = "".join(CALL % number for number in range(len(pieces)))
    check_runs(PRELUDE + as_functions(pieces, "pgq::testing::server& db") + "int main() {\n" + calls + "}\n", scratch)
