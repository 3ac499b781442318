/// A library that is loaded when it is first needed. The commands that a server runs for each segment need few, and
/// would spend most of their time on loading all.
#pragma once

#include <dlfcn.h>
#include <walmgr/error.hpp>

#include <string>

namespace walmgr_app {

namespace detail {

template <class Function> Function look_up(char const* file, char const* name) {
    auto* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);  // the same one each time
    auto* const found = library == nullptr ? nullptr : ::dlsym(library, name);
    if (found != nullptr) return reinterpret_cast<Function>(found);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps one for each thread
    throw walmgr::error{walmgr::fault::unavailable, std::string{"a library cannot be loaded: "} + ::dlerror()};
}

}  // namespace detail

/// The function of the library `file` for which `Ours`, of the same name, stands in; looked up once.
/// @throws walmgr::error  unavailable, when there is no such library or function
template <auto Ours> auto from_library(char const* file, char const* name) {
    static auto const found = detail::look_up<decltype(Ours)>(file, name);
    return found;
}

}  // namespace walmgr_app
