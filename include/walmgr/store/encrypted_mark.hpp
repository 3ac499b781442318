/// By what an encrypted object is told from others. How it is made: <walmgr/store/encrypted.hpp>.
#pragma once

#include <walmgr/store.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace walmgr {
namespace detail {

inline constexpr std::size_t encrypted_end = 96;
inline constexpr std::string_view encrypted_magic = "WALMGRAE";

}  // namespace detail

/// Whether a stored object is encrypted, as far as its last bytes tell. For messages: nobody vouches for them.
bool looks_encrypted(object_reader auto const& in) {
    std::string magic(detail::encrypted_magic.size(), '\0');
    return in.size() >= detail::encrypted_end && in.read(in.size() - detail::encrypted_end, magic) == magic.size() &&
           magic == detail::encrypted_magic;
}

}  // namespace walmgr
