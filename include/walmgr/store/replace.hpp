/// Putting a whole object in the place of a damaged one, which is kept aside. All else that is stored is never
/// replaced.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/store.hpp>

#include <concepts>
#include <string>

namespace walmgr {

/// A writer that can end by `replace(aside)` in the place of `seal()`: what has the name keeps its bytes as they are
/// stored under the name `aside`, which nothing may have yet, and ours takes its place. At each moment, and wherever it
/// is cut off, the name has the one or the other, whole. Returns when both will survive a loss of power. False: there
/// is nothing of that name, and ours never was.
template <class W>
concept replacing_writer = object_writer<W> && requires(W& out, std::string const& aside) {
    { out.replace(aside) } -> std::same_as<bool>;
};

/// Replaces, where the writer can do that. @throws error  usage, where it cannot; whatever the store says
template <object_writer W> bool replace_object(W& out, std::string const& aside) {
    if constexpr (replacing_writer<W>) return out.replace(aside);
    else throw error{fault::usage, "this store cannot put an object in the place of another one"};
}

}  // namespace walmgr
