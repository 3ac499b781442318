"""The pieces of code in docs/guide/running.md compile as they stand there, each as the body of a function."""

from support.guide import as_functions, check_compiles, pieces_of

PRELUDE = """
#include <pgq/format.hpp>
#include <pgq/pgq.hpp>
#include <pgq/prometheus.hpp>
#include <cstdio>
#include <exception>
#include <thread>
using namespace std::chrono_literals;
std::string const conninfo{"dbname=shop"};
pgq::subscription const orders{"orders", "billing"};
pgq::consumer billing{orders, [](pgq::event const&) {}};
pgq::consumer shipping{pgq::subscription{"orders", "shipping"}, [](pgq::event const&) {}};
"""


def test_the_pieces_compile(scratch):
    pieces = pieces_of("docs/guide/running.md")
    assert len(pieces) >= 9
    check_compiles(PRELUDE + as_functions(pieces), scratch)
