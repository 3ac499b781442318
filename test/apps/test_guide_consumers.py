"""The pieces of code in docs/guide/consumers.md compile as they stand there, each as the body of a function."""

from support.guide import as_functions, check_compiles, pieces_of

PRELUDE = """
#include <pgq/pgq.hpp>
using namespace std::chrono_literals;
struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id));
};
struct customer {
    static constexpr std::string_view table = "public.customer";
    BOOST_HANA_DEFINE_STRUCT(customer, (std::int64_t, id));
};
void copy(pgq::change<customer> const&) {}
std::string const worker_name = "worker-1";
void send_mail(std::string_view) {}
void decode_image(std::string_view) {}
"""


def test_the_pieces_compile(scratch):
    pieces = pieces_of("docs/guide/consumers.md")
    assert len(pieces) == 6
    check_compiles(PRELUDE + as_functions(pieces), scratch)
