"""The policies of docs/guide/own_policies.md fit their concepts, and the page's tests of them hold, as they stand there."""
import re

from support.guide import as_functions, check_runs, pieces_of
from support.server import ROOT

PAGE = "docs/guide/own_policies.md"
PRELUDE = """
#undef NDEBUG
#include <cassert>
#include <stdexcept>
#include <thread>
#include <pgq/pgq.hpp>
#include <pgq/testing.hpp>
using namespace std::chrono_literals;
using pgq::testing::step;
struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};
"""

# For sessions of libpq as well as for those of the server in memory.
CONCEPTS = """
template <class Db> constexpr bool all_fit = pgq::fetch_policy<newest_first, Db> && pgq::completion_policy<serializable, Db> &&
    pgq::guard_policy<event_by_event, Db> && pgq::start_policy<at_home, Db, int> && pgq::shared_wait_policy<drowsy, Db> &&
    pgq::insert_policy<stamped, Db>;
static_assert(all_fit<pgq::libpq::connection> && all_fit<pgq::testing::server>);
static_assert(pgq::order_policy<spaced> && pgq::dead_letters_policy<by_team> && pgq::retry_policy<three_times>);
static_assert(pgq::stage<in_euros, order_placed>);
"""

CALL = "{ pgq::testing::server db; db.create_queue(\"orders\"); piece_%d(db); }\n"


def test_the_policies_do_what_the_page_says(scratch):
    pieces = pieces_of(PAGE)
    types = [piece for piece in pieces if piece.startswith(("struct", "template"))]
    tests = [piece for piece in pieces if piece not in types]
    assert (len(types), len(tests)) == (10, 3)
    calls = "".join(CALL % number for number in range(len(tests)))
    check_runs(PRELUDE + "".join(types) + CONCEPTS + as_functions(tests, "pgq::testing::server& db") + "int main() {\n" + calls + "}\n", scratch)


def test_every_axis_has_its_place_on_the_page():
    headers = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "include/pgq/policy").glob("*.hpp")))
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    axes = set(re.findall(r"^struct (\w+_axis);", headers, re.MULTILINE))
    assert axes and {axis for axis in axes if f"`{axis}`" not in page} == set()
