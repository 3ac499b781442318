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
    void assign(std::span<parameter const> values) {
        if (values.size() > limit) {
            throw usage_error{"a statement takes at most 65535 parameters, and this one was given " +
                              std::to_string(values.size()) + ": split it, or pass arrays"};
        }
        types_.clear();
        values_.clear();
        lengths_.clear();
        formats_.clear();
        typed_ = false;
        for (auto const& one : values)
            add(one);
    }

    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] Oid const* types() const { return typed_ ? types_.data() : nullptr; }
    [[nodiscard]] char const* const* values() const { return values_.data(); }
    [[nodiscard]] int const* lengths() const { return lengths_.data(); }
    [[nodiscard]] int const* formats() const { return formats_.data(); }
    [[nodiscard]] std::vector<Oid> const& type_list() const { return types_; }

private:
    void add(parameter const& one) {
        if (one.size > static_cast<std::size_t>(std::numeric_limits<int>::max())) refuse("is larger than 2 GB");
        // libpq measures text itself and would cut it short in silence.
        if (!one.binary && one.size > 0 && one.data != nullptr && std::memchr(one.data, 0, one.size) != nullptr) {
            refuse("contains a zero byte, which PostgreSQL cannot store as text: pass it in binary form as bytea");
        }
        types_.push_back(one.type);
        values_.push_back(one.data);
        lengths_.push_back(static_cast<int>(one.size));
        formats_.push_back(one.binary ? 1 : 0);
        typed_ = typed_ || one.type != 0;
    }

    [[noreturn]] void refuse(char const* why) const {
        throw usage_error{"parameter $" + std::to_string(values_.size() + 1) + ' ' + why};
    }

    std::vector<Oid> types_{};
    std::vector<char const*> values_{};
    std::vector<int> lengths_{};
    std::vector<int> formats_{};
    bool typed_ = false;
};

}  // namespace pgq::libpq::detail
