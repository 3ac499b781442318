/// Open folders that close themselves. Not for users.
#pragma once

#include <dirent.h>

#include <memory>

namespace walmgr::detail {

struct close_folder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

using open_folder = std::unique_ptr<DIR, close_folder>;

}  // namespace walmgr::detail
