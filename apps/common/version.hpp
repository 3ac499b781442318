/// The version that the programs show: that of the project.
#pragma once

#include <string>

namespace apps {

inline std::string const version = "4.0.0";

}  // namespace apps
