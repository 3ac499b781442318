"""The pieces of code in docs/guide/testing.md compile as they stand there, each as the body of a function."""

from support.guide import as_functions, check_compiles, pieces_of

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
pgq::testing::server db;
"""


def test_the_pieces_compile(scratch):
    pieces = pieces_of("docs/guide/testing.md")
    assert len(pieces) == 3
    check_compiles(PRELUDE + as_functions(pieces), scratch)
