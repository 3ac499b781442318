/// The message of an exception, to be compared.
#pragma once

#include <string>

namespace support {

/// What the Error says that `call` throws; "nothing" when it throws none.
template <class Error> std::string said_by(auto const& call) {
    try {
        call();
    } catch (Error const& problem) { return problem.what(); }
    return "nothing";
}

}  // namespace support
