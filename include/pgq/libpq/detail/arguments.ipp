// Bodies of <pgq/libpq/detail/arguments.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/arguments.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE void arguments::assign(std::span<parameter const> values) {
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

PGQ_INLINE void arguments::add(parameter const& one) {
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

PGQ_INLINE void arguments::refuse(char const* why) const {
    throw usage_error{"parameter $" + std::to_string(values_.size() + 1) + ' ' + why};
}

}  // namespace pgq::libpq::detail
