/// Remembers which statements come again, and under which name they are prepared.
#pragma once

#include <pgq/sqlstate.hpp>

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq::detail {

/// Of one session. Bounded on both sides: an entry is remembered until more recent ones take its place, and statements
/// are prepared only as long as there is room for names. A program with more than that many statements in use at once
/// runs the rest unprepared.
class prepared_cache {
public:
    struct entry {
        std::string sql;
        std::vector<Oid> types;
        std::string name{};  ///< empty until prepared
        std::uint64_t uses = 0;
        std::uint64_t last = 0;
    };

    static constexpr std::size_t capacity = 64;

    /// Counts a use. The reference holds until the next call.
    entry& use(std::string_view sql, std::vector<Oid> const& types);

    [[nodiscard]] std::string next_name() { return "pgq_" + std::to_string(++names_); }

    /// After the server said that what it had prepared is gone or does not fit any more.
    void forget(std::string_view sql);

    /// The statement was deallocated behind our back, or a table changed so that its columns are others.
    [[nodiscard]] static bool outdated(sqlstate const& state) { return state == "26000" || state == "0A000"; }

private:
    /// Takes the place of the entry unused for longest among those that hold no name on the server.
    std::vector<entry>::iterator place(std::string_view sql, std::vector<Oid> const& types);

    std::vector<entry>::iterator overflow(entry fresh);

    std::vector<entry> entries_{};
    std::vector<entry> spare_{};  ///< for a statement that found no room: it stays at its first use
    std::uint64_t clock_ = 0;
    std::uint64_t names_ = 0;
};

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/prepared.ipp>
#endif
