// Bodies of <pgq/libpq/connection.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/connection.hpp>

namespace pgq::libpq {

PGQ_INLINE connection::state::state(std::string conninfo, options wanted)
    : session{std::move(conninfo), std::move(wanted)} {}

PGQ_INLINE connection::connection(std::string const& conninfo, options wanted)
    : state_{std::make_unique<state>(conninfo, std::move(wanted))} {}

PGQ_INLINE connection::connection(connection&& other) noexcept = default;
PGQ_INLINE connection& connection::operator=(connection&& other) noexcept = default;
PGQ_INLINE connection::~connection() = default;

PGQ_INLINE bool connection::cancel() const {
    return state_->session.cancel_key().request(std::chrono::steady_clock::now() + std::chrono::seconds{1});
}

PGQ_INLINE void connection::reset() {
    state_->session.close();
    state_->statements = {};
    state_->copying = {};
    state_->pooled.reset();
    state_->session.open();
}

PGQ_INLINE bool connection::pooled() {
    if (!state_->pooled) {
        // Looked at first: a stop meanwhile can end the session behind the answer, and who is closed has no process.
        auto const opened_with = std::to_string(backend_pid());
        state_->pooled = execute("select pg_backend_pid()").at(0, 0) != opened_with;
    }
    return *state_->pooled;
}

PGQ_INLINE std::optional<std::string> connection::parameter_status(std::string const& name) const {
    auto const* const value = closed() ? nullptr : PQparameterStatus(state_->session.get(), name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

}  // namespace pgq::libpq
