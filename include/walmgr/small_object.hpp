/// Short texts in a store: intents, pins, gaps. Each is an object like all others, so that a damaged one is noticed.
#pragma once

#include <walmgr/codec/stored.hpp>
#include <walmgr/error.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// Stores `text`. False when there is an object of that name, which is never replaced. @throws error  from the store
bool create_small_object(store auto const& where, std::string const& name, std::string_view text) {
    auto out = where.create(name);
    object_packer pack{out, stored{}};
    pack.write(text);
    pack.finish({});
    return out.seal();
}

/// Nothing when there is no such object. @throws error  corrupt, for a damaged one and one of more than 64 KiB
std::optional<std::string> read_small_object(store auto const& where, std::string const& name) {
    constexpr std::size_t largest = std::size_t{64} << 10U;
    auto const found = where.open(name);
    if (!found) return std::nullopt;
    std::string text;
    unpack_object(*found, name, [&](std::string_view raw) {
        if (text.size() + raw.size() > largest) throw error{fault::corrupt, name + " is too long to be what it should"};
        text += raw;
    });
    return text;
}

}  // namespace walmgr
