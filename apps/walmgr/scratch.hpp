/// A folder for what a command needs for itself.
#pragma once

#include <stdlib.h>
#include <walmgr/file.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace walmgr_app {

/// A folder that is gone with everything in it, whatever happens. `purpose` is a part of its name.
class scratch {
public:
    scratch(std::string const& parent, std::string_view purpose) {
        auto name = parent + "/walmgr-" + std::string{purpose} + "-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) walmgr::refuse("cannot create a folder in " + parent);
        path_ = name;
    }
    scratch(scratch const&) = delete;
    scratch& operator=(scratch const&) = delete;
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + '/' + std::string{name}; }
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_{};
};

}  // namespace walmgr_app
