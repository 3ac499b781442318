/// A library that is loaded when it is first needed. The commands that a server runs for each segment need few, and
/// would spend most of their time on loading all.
#pragma once

#include <dlfcn.h>
#include <walmgr/error.hpp>

#include <string>

namespace walmgr_app {

/// A function of the library `file`. @throws walmgr::error  unavailable, when there is no such library or function
template <class Function> Function look_up(char const* file, char const* name) {
    auto* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);  // the same one each time
    auto* const found = library == nullptr ? nullptr : ::dlsym(library, name);
    if (found != nullptr) return reinterpret_cast<Function>(found);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps one for each thread
    throw walmgr::error{walmgr::fault::unavailable, std::string{"a library cannot be loaded: "} + ::dlerror()};
}

}  // namespace walmgr_app
