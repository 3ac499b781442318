"""What the guide to typed events shows compiles as it stands there."""

from support.guide import check_compiles, pieces_of

# What the guide leaves to the reader's imagination.
PRELUDE = """
#include <pgq/pgq.hpp>
#include <array>
#include <ranges>
struct order_cancelled {
    static constexpr std::string_view event_type = "order.cancelled";
    BOOST_HANA_DEFINE_STRUCT(order_cancelled, (std::int64_t, id));
};
void bill(auto const&) {}
void note(auto const&) {}
pgq::libpq::connection db{"dbname=shop"};
"""


def test_the_examples_of_the_guide_compile(scratch):
    examples = pieces_of("docs/guide/events.md")
    assert len(examples) == 6
    order, schema, versions, fields, changes, ranges = examples
    customer, check = changes.split("\n\n")
    code = [PRELUDE, order, customer, schema, "namespace later {", versions, fields.replace("BOOST", "}\nBOOST").replace("(offer", "(later::offer"),
            f"void check() {{ {check} }}", f"void take() {{ {ranges} }}"]
    check_compiles("\n".join(code), scratch)
