/// Looking at a repository object by object, whatever they are.
#pragma once

#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace walmgr {

/// Calls `act(name)` for each object whose name begins with `prefix`, in the order of names, as far as folders go.
/// Lists only folders that may have some. @throws error  from the store
void walk(store auto const& where, std::string const& prefix, auto&& act) {
    auto const slash = prefix.rfind('/');
    auto const visit = [&](auto const& self, std::string const& folder) -> void {
        for (auto const& entry : where.list(folder)) {
            auto const name = folder.empty() ? entry : folder + '/' + entry;
            if (name.ends_with('/')) {
                if (name.starts_with(prefix) || prefix.starts_with(name)) self(self, name.substr(0, name.size() - 1));
            } else if (name.starts_with(prefix)) {
                act(name);
            }
        }
    };
    visit(visit, slash == prefix.npos ? std::string{} : prefix.substr(0, slash));
}

/// Reads an object: `sink(std::string_view)` gets its bytes, unpacked or as they are stored. Records of clusters are
/// text without a label, which cannot be verified; all else is, before the first byte of what is stored comes, and
/// behind the last one of what is unpacked. `name` is for messages.
/// @throws error  corrupt; then nothing that came may be used
void copy_object(object_reader auto const& in, std::string const& name, bool unpacked, auto&& sink) {
    bool const labelled = !name.ends_with(".ini");
    if (labelled && unpacked) {
        unpack_object(in, name, sink);
        return;
    }
    if (labelled) unpack_object(in, name, [](std::string_view) {});
    constexpr std::size_t block = std::size_t{256} << 10U;
    std::string bytes(block, '\0');
    for (std::uint64_t at = 0; at < in.size();) {
        auto const got = in.read(at, std::span{bytes}.first(std::min<std::uint64_t>(block, in.size() - at)));
        if (got == 0) throw error{fault::corrupt, name + " became shorter while it was read"};
        sink(std::string_view{bytes}.substr(0, got));
        at += got;
    }
}

}  // namespace walmgr
