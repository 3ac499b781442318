/// What several repositories have of the same log, read as one.
#pragma once

#include <walmgr/store.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// Stores, in the order in which they are asked. There must be one at least. What each object is, is not looked at:
/// names of the log are the same everywhere, and who needs its bytes checks them. As thread-safe as the stores.
template <readable_store Store> class joined_stores {
public:
    explicit joined_stores(std::vector<Store> all) : all_{std::move(all)} {}

    /// From the first that has it. @throws error  when one that is asked fails
    auto open(std::string const& name) const {
        auto found = all_.front().open(name);
        for (std::size_t which = 1; !found && which < all_.size(); ++which)
            found = all_[which].open(name);
        return found;
    }
    /// What any of them has there, sorted. @throws error  when one of them fails
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        std::vector<std::string> names;
        for (auto const& one : all_) {
            auto own = one.list(folder);
            names.insert(names.end(), own.begin(), own.end());
        }
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        return names;
    }

private:
    std::vector<Store> all_;
};

}  // namespace walmgr
