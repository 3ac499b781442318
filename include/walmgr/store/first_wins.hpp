/// Whether a store keeps the promise on which all others rest: nobody replaces an object.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/temporary_name.hpp>

#include <string>

namespace walmgr {

/// Creates an object twice, and removes it.
/// @throws error  configuration, when the second has replaced the first, as object stores do that do not know
///                If-None-Match; whatever else the store says
void require_first_wins(store auto const& where) {
    auto const name = "probe" + detail::temporary_name("/").substr(2);
    auto const add = [&] {
        auto out = where.create(name);
        out.write("to be removed\n");
        return out.seal();
    };
    bool const first = add();
    bool const again = add();
    where.remove(name);
    if (!first || again)
        throw error{fault::configuration,
                    "the store lets an object be replaced; where it is an object store without "
                    "If-None-Match, set s3_first_wins = looking and see the manual for what that means"};
}

}  // namespace walmgr
