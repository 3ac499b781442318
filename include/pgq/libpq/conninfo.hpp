/// Connection strings: checked, and made fit for a log. Both forms, `host=db1 dbname=app` and `postgresql://db1/app`.
#pragma once

#include <pgq/error.hpp>

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq {

/// One setting of a connection string.
struct conninfo_setting {
    std::string keyword;
    std::string value;
    bool secret = false;  ///< a password: never to be shown
};

namespace detail {

struct conninfo_deleter {
    void operator()(PQconninfoOption* list) const noexcept { PQconninfoFree(list); }
};
using conninfo_handle = std::unique_ptr<PQconninfoOption, conninfo_deleter>;

[[gnu::cold]] std::vector<conninfo_setting> settings_of(conninfo_handle const& list);

/// libpq quotes pieces of a string that it cannot read, and such a piece may be part of a password.
bool may_hold_secret(std::string_view conninfo);

}  // namespace detail

/// The settings that `conninfo` names itself; services, the environment and defaults are not looked up.
/// @throws usage_error when it cannot be read; the message never holds the string itself
[[gnu::cold]] std::vector<conninfo_setting> parse_conninfo(std::string const& conninfo);

/// `value` as it is written in the keyword form.
[[gnu::cold]] std::string quote_conninfo_value(std::string_view value);

/// `conninfo` in the keyword form with passwords replaced by `***`: for logs. What cannot be read is not shown at all.
[[gnu::cold]] std::string redact_conninfo(std::string const& conninfo);

}  // namespace pgq::libpq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/conninfo.ipp>
#endif
