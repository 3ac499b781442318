// Bodies of <pgq/libpq/detail/prepared.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/prepared.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE prepared_cache::entry& prepared_cache::use(std::string_view sql, std::vector<Oid> const& types) {
    ++clock_;
    auto found = entries_.begin();
    while (found != entries_.end() && (found->sql != sql || found->types != types))
        ++found;
    if (found == entries_.end()) found = place(sql, types);
    ++found->uses;
    found->last = clock_;
    return *found;
}

PGQ_INLINE void prepared_cache::forget(std::string_view sql) {
    std::erase_if(entries_, [&](entry const& one) { return one.sql == sql; });
}

PGQ_INLINE std::vector<prepared_cache::entry>::iterator prepared_cache::place(std::string_view sql,
                                                                              std::vector<Oid> const& types) {
    entry fresh{.sql = std::string{sql}, .types = types};
    if (entries_.size() < capacity) return entries_.insert(entries_.end(), std::move(fresh));
    auto victim = entries_.end();
    for (auto one = entries_.begin(); one != entries_.end(); ++one) {
        if (one->name.empty() && (victim == entries_.end() || one->last < victim->last)) victim = one;
    }
    if (victim == entries_.end()) return overflow(std::move(fresh));
    *victim = std::move(fresh);
    return victim;
}

PGQ_INLINE std::vector<prepared_cache::entry>::iterator prepared_cache::overflow(entry fresh) {
    spare_.clear();
    spare_.push_back(std::move(fresh));
    return spare_.begin();
}

}  // namespace pgq::libpq::detail
