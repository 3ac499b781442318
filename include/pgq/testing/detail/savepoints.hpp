/// Savepoints of the transaction of one session with a server in memory.
#pragma once

#include <pgq/testing/detail/tables.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

/// What the transaction had made at each of them, the newest last.
class savepoints {
public:
    void clear() noexcept { all_.clear(); }
    void set(std::string name, changes made) { all_.push_back({std::move(name), std::move(made)}); }
    /// Gives back what was made at the newest of that name, whose followers go. @throws refusal  when there is none
    [[nodiscard]] changes back_to(std::string const& name) {
        all_.resize(find(name) + 1);
        return all_.back().made;
    }
    /// The newest of that name goes, and its followers. @throws refusal  when there is none
    void release(std::string const& name) { all_.resize(find(name)); }

private:
    struct savepoint {
        std::string name{};
        changes made{};
    };

    [[nodiscard]] std::size_t find(std::string const& name) const {
        for (auto at = all_.size(); at > 0; --at) {
            if (all_[at - 1].name == name) return at - 1;
        }
        refuse("savepoint \"" + name + "\" does not exist", "3B001");
    }

    std::vector<savepoint> all_{};
};

}  // namespace pgq::testing::detail
