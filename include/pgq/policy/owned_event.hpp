/// An event with its texts in storage of its own, for those who keep it longer than its batch's reader does.
/// Not for users: <pgq/policy/keyed.hpp>.
#pragma once

#include <pgq/event.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace pgq::detail {

/// Filled again and again; the storage grows as needed and is given back when it is unusually large.
class owned_event {
public:
    void assign(event const& from) {
        texts_.clear();
        texts_.reserve(size_of(from));
        event_ = from;
        keep(event_.type);
        keep(event_.data);
        for (auto& extra : event_.extra) {
            if (extra) keep(*extra);
        }
    }
    /// Its views live until the next assign() or release().
    [[nodiscard]] event const& get() const { return event_; }
    [[nodiscard]] std::size_t bytes() const { return texts_.size(); }
    void release() {
        texts_.clear();
        if (texts_.capacity() > usual) std::string{}.swap(texts_);
    }

    static std::size_t size_of(event const& ev) {
        std::size_t total = ev.type.size() + ev.data.size();
        for (auto const& extra : ev.extra)
            total += extra ? extra->size() : 0;
        return total;
    }

private:
    static constexpr std::size_t usual = 4096;

    void keep(std::string_view& text) {
        if (text.data() == nullptr) return;  // NULL stays NULL
        auto const at = texts_.size();
        texts_ += text;
        text = std::string_view{texts_}.substr(at);
    }

    std::string texts_{};
    event event_{};
};

}  // namespace pgq::detail
