/// Reading an object over a link on which several requests can be on their way. Not for users.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace walmgr::detail {

/// How much is asked for at once, and how many such requests are on their way to whoever reads on where he stopped.
struct read_ahead_limits {
    std::size_t block;
    std::size_t blocks;
};

/// An object_reader. A Link has `ask(offset, length)`, which does not wait; `take(last)`, which gives the bytes of the
/// oldest request and hears whether it was the last; and `lost(why)`, which throws.
template <class Link> class read_ahead {
public:
    read_ahead(Link link, std::uint64_t size, read_ahead_limits limits)
        : link_{std::move(link)}, size_{size}, limits_{limits} {}

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    std::size_t read(std::uint64_t offset, std::span<char> into) const {
        if (offset >= size_) return 0;
        if (offset != at_) start(offset);
        auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
        for (std::size_t done = 0; done < wanted;) {
            if (taken_ == block_.size()) next(wanted - done);
            auto const count = block_.copy(into.data() + done, wanted - done, taken_);
            taken_ += count;
            done += count;
            at_ += count;
        }
        return wanted;
    }

private:
    void start(std::uint64_t offset) const {
        while (!coming_.empty())
            receive();
        block_.clear();
        taken_ = 0;
        at_ = offset;
        asked_ = offset;
        sequential_ = offset == 0;
    }
    /// Asks for what is missing, and for more when it is read in its order; takes one block.
    void next(std::size_t missing) const {
        auto const until =
            std::min<std::uint64_t>(size_, at_ + (sequential_ ? limits_.block * limits_.blocks : missing));
        while (asked_ < until) {
            auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(limits_.block, until - asked_));
            link_.ask(asked_, length);
            asked_ += length;
            coming_.push_back(length);
        }
        sequential_ = true;
        receive();
    }
    void receive() const {
        auto const length = coming_.front();
        coming_.erase(coming_.begin());
        block_ = link_.take(coming_.empty());
        taken_ = 0;
        if (block_.size() != length) link_.lost("an object there became shorter while it was read");
    }

    mutable Link link_;
    std::uint64_t size_;
    read_ahead_limits limits_;
    mutable std::string block_{};
    mutable std::size_t taken_ = 0;
    mutable std::uint64_t at_ = 0;               ///< of the next byte
    mutable std::uint64_t asked_ = 0;            ///< up to here
    mutable std::vector<std::size_t> coming_{};  ///< lengths of the blocks on their way
    mutable bool sequential_ = true;
};

}  // namespace walmgr::detail
