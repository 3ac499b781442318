/// `pgqd --check`: what would be done, without doing it.
#pragma once

#include "config.hpp"

#include <iosfwd>

namespace pgqd {

/// One line for each database. Returns the program's exit status: failed when one could not be looked at, or when none
/// has PgQ.
int check(config const& settings, std::ostream& out);

}  // namespace pgqd
