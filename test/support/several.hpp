/// Repositories in memory that can be made to fail, for tests of walmgr.
#pragma once

#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/faulty.hpp>
#include <walmgr/store/memory.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace support {

/// Each knows the small cluster. `held(n)` is what is in it, `told(n)` is for orders to fail.
class several {
public:
    explicit several(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            places_.push_back("repository" + std::to_string(i));
            held_.emplace_back();
            told_.emplace_back(held_.back());
            walmgr::record_cluster(held_.back(), small_cluster);
        }
    }

    [[nodiscard]] walmgr::repositories open() const {
        return {places_, "main", [this](std::string const& place) {
                    for (std::size_t i = 0; i < places_.size(); ++i) {
                        if (places_[i] == place) return walmgr::any_store{told_[i], place};
                    }
                    throw walmgr::error{walmgr::fault::unavailable, "no such place"};
                }};
    }
    [[nodiscard]] walmgr::memory_store const& held(std::size_t which) const { return held_.at(which); }
    [[nodiscard]] walmgr::faulty<walmgr::memory_store> const& told(std::size_t which) const { return told_.at(which); }
    [[nodiscard]] bool has(std::size_t which, std::string const& object) const {
        return held(which).open(object).has_value();
    }

private:
    std::vector<std::string> places_{};
    std::vector<walmgr::memory_store> held_{};
    std::vector<walmgr::faulty<walmgr::memory_store>> told_{};
};

}  // namespace support
