/// What may be the name of an object, the same in every store.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace walmgr {

/// Parts with a slash between; none is empty or begins with a dot, so that no name leads out of a store and none is one
/// that a store keeps for itself. @throws error  usage
inline void check_object_name(std::string_view name) {
    for (std::size_t begin = 0; begin <= name.size();) {
        auto const end = std::min(name.find('/', begin), name.size());
        auto const part = name.substr(begin, end - begin);
        bool const plain = !part.empty() && part.front() != '.' && std::none_of(part.begin(), part.end(), [](char c) {
            return static_cast<unsigned char>(c) < 32;
        });
        if (!plain) throw error{fault::usage, '"' + std::string{name} + "\" cannot be the name of an object"};
        begin = end + 1;
    }
}

}  // namespace walmgr
