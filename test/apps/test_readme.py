"""The consumer that the README shows compiles as it stands there."""

from support.guide import check_compiles, pieces_of

PRELUDE = "#include <cstdint>\n#include <string>\nvoid bill(std::string const& customer, std::int32_t cents);\n"


def test_the_consumer_of_the_readme_compiles(scratch):
    [code] = pieces_of("README.md")
    check_compiles(PRELUDE + code, scratch)
