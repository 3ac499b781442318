/// Numbers of any precision, kept as their text: nothing is lost, and nothing is computed here.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/codec/malformed.hpp>

#include <string>
#include <string_view>

namespace pgq {

/// A decimal number as text: `-12.50`, `1e10`, `NaN`, `Infinity`.
struct numeric {
    std::string text{"0"};
    friend bool operator==(numeric const&, numeric const&) = default;  ///< of the texts: 1.0 is not 1.00
};

template <> struct codec<numeric> {
    static constexpr std::string_view columns = "numeric int2 int4 int8 float4 float8";

    static numeric parse(std::string_view text);
    static void append(std::string& out, numeric const& value) { out += value.text; }

private:
    static bool digits(std::string_view& text);
    static bool sign(std::string_view& text);
    static bool decimal(std::string_view text);
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/codec/numeric.ipp>
#endif
