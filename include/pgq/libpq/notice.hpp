/// Messages that the server sends beside its answers: NOTICE, WARNING, INFO and so on.
#pragma once

#include <pgq/sqlstate.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq::libpq {

/// One message. The views live until the sink returns.
struct notice {
    std::string_view severity{};  ///< NOTICE, WARNING, INFO, LOG or DEBUG; never translated
    sqlstate state{};
    std::string_view message{};
    std::string_view detail{};
    std::string_view hint{};
};

/// Holds any callable `void(notice const&)`. An empty sink drops the messages.
/// What the callable throws is dropped as well: it is called from inside libpq, through which nothing can be thrown.
class notice_sink {
public:
    notice_sink() = default;

    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, notice_sink>) && std::invocable<F&, notice const&>
    notice_sink(F call)  // implicit, so that a lambda is an option like any other
        : target_{std::make_shared<F>(std::move(call))},
          call_{[](void* target, notice const& message) { (*static_cast<F*>(target))(message); }} {}

    void operator()(notice const& message) const noexcept {
        if (call_ == nullptr) return;
        try {
            call_(target_.get(), message);
        } catch (...) { return; }
    }

private:
    std::shared_ptr<void> target_{};
    void (*call_)(void*, notice const&) = nullptr;
};

}  // namespace pgq::libpq
