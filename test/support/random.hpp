/// Random values for laws; the seed is printed, and PGQ_SEED repeats a run.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace test {

/// One engine for each test case that asks for it.
inline std::mt19937_64 random_engine() {
    char const* const given = std::getenv("PGQ_SEED");
    std::uint64_t const seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    BOOST_TEST_MESSAGE("PGQ_SEED=" << seed);
    return std::mt19937_64{seed};
}

/// Text of up to `longest` characters from the whole of UTF-8 but the zero, which PostgreSQL's text cannot hold.
inline std::string random_text(std::mt19937_64& engine, std::size_t longest) {
    std::string out;
    auto const put = [&](unsigned byte) { out += static_cast<char>(byte); };
    auto const below = [&](unsigned limit) { return static_cast<unsigned>(engine() % limit); };
    for (std::size_t n = engine() % (longest + 1); n > 0; --n) {
        switch (below(4)) {
        case 0:
            put(1 + below(127));
            break;
        case 1:
            put('a' + below(26));
            break;
        case 2: {
            unsigned const code = 0x80 + below(0x780);
            put(0xc0U | code >> 6U);
            put(0x80U | (code & 0x3fU));
            break;
        }
        default: {
            unsigned const code = 0x10000 + below(0x100000);
            put(0xf0U | code >> 18U);
            put(0x80U | (code >> 12U & 0x3fU));
            put(0x80U | (code >> 6U & 0x3fU));
            put(0x80U | (code & 0x3fU));
        }
        }
    }
    return out;
}

}  // namespace test
