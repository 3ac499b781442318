/// Parameters in the shape that libpq takes them.
#pragma once

#include <pgq/error.hpp>
#include <pgq/transport.hpp>

#include <libpq-fe.h>

#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace pgq::libpq::detail {

/// Reused from call to call, so that a statement allocates nothing for its parameters.
class arguments {
public:
    static constexpr std::size_t limit = 65'535;  ///< of the protocol: it counts parameters in two bytes

    /// The values must live until the statement is sent. @throws usage_error for what cannot be sent
    void assign(std::span<parameter const> values);

    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] Oid const* types() const { return typed_ ? types_.data() : nullptr; }
    [[nodiscard]] char const* const* values() const { return values_.data(); }
    [[nodiscard]] int const* lengths() const { return lengths_.data(); }
    [[nodiscard]] int const* formats() const { return formats_.data(); }
    [[nodiscard]] std::vector<Oid> const& type_list() const { return types_; }

private:
    void add(parameter const& one);

    [[noreturn]] void refuse(char const* why) const;

    std::vector<Oid> types_{};
    std::vector<char const*> values_{};
    std::vector<int> lengths_{};
    std::vector<int> formats_{};
    bool typed_ = false;
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/arguments.ipp>
#endif
