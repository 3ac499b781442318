/// Events of one key in order, keys in parallel, over threads of one process.
#pragma once

#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/outcome.hpp>
#include <pgq/policy/in_order.hpp>
#include <pgq/policy/keyed_workers.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pgq {
namespace detail {

inline std::uint64_t spread_number(std::uint64_t number) {
    number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;  // splitmix64
    number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
    return number ^ (number >> 31U);
}
inline std::uint64_t hash_of(std::string_view key) {
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
    for (char const c : key)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return spread_number(hash);
}
inline std::uint64_t hash_of(std::integral auto key) {
    return spread_number(static_cast<std::uint64_t>(key));
}
inline std::uint64_t hash_of(nullable_text const& key) {
    return key ? hash_of(*key) : 0;
}

template <class K>
concept event_key =
    std::integral<K> || std::convertible_to<K const&, std::string_view> || std::same_as<K, nullable_text>;

}  // namespace detail

/// `(event const&)`, giving an integer, a text, or a column that may be NULL. Called on the consumer's thread.
template <class F>
concept key_function = std::invocable<F const&, event const&> &&
                       detail::event_key<std::remove_cvref_t<std::invoke_result_t<F const&, event const&>>>;

namespace detail {

/// Any key function, as a value of one type.
class any_key {
public:
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, any_key>)
    any_key(F function) {  // implicit: it stands for the function
        static_assert(key_function<F>,
                      "pgq::keyed: .key is callable as (pgq::event const&) const and gives an integer, "
                      "a std::string_view or a nullable column, for the F named above");
        if constexpr (key_function<F>) {
            function_ = std::make_shared<F const>(std::move(function));
            call_ = [](void const* any, event const& ev) -> std::uint64_t {
                auto const& key = (*static_cast<F const*>(any))(ev);
                using type = std::remove_cvref_t<decltype(key)>;
                if constexpr (std::integral<type> || std::same_as<type, nullable_text>) return hash_of(key);
                else return hash_of(std::string_view{key});
            };
        }
    }
    std::uint64_t operator()(event const& ev) const { return call_(function_.get(), ev); }

private:
    std::shared_ptr<void const> function_{};
    std::uint64_t (*call_)(void const*, event const&) = nullptr;
};

class keying {
public:
    keying(any_key key, int threads, int queued, std::size_t memory)
        : key_{std::move(key)}, threads_{threads}, queued_{queued}, memory_{memory} {
        if (threads < 1 || queued < 1) throw usage_error{"pgq::keyed: threads and queued are at least 1"};
    }

    void operator()(auto&& each, auto&& handle, auto&& note, auto&& pause, auto&& relieve) {
        if (!workers_) {
            workers_ = std::make_unique<keyed_workers>(static_cast<std::size_t>(threads_),
                                                       static_cast<std::size_t>(queued_), memory_);
        }
        auto const both = [&](event const& ev, outcome const* verdict) {
            if (verdict == nullptr) return handle(ev);
            note(ev, *verdict);
            return done();
        };
        using calls = decltype(both);
        keyed_workers::batch work{
            *workers_,
            {&both, [](void const* any, event const& ev) { return (*static_cast<calls*>(any))(ev, nullptr); },
             [](void const* any, event const& ev, outcome const& verdict) {
                 static_cast<void>((*static_cast<calls*>(any))(ev, &verdict));
             }}};
        each([&](event const& ev) {
            pause();
            work.give(ev, key_(ev), pause, relieve);
        });
        work.finish(pause);
    }

private:
    any_key key_;
    int threads_;
    int queued_;
    std::size_t memory_;
    std::unique_ptr<keyed_workers> workers_{};  // made by the first batch, on the thread that runs the consumer
};

}  // namespace detail

/// `keyed{.key = [](pgq::event const& ev) { return ev.extra[0]; }, .threads = 8}`. Events whose keys are equal are
/// handled in order and never at the same time; others in parallel. The batch is finished when all are handled. When
/// one throws, those under way end, the rest is dropped, and the consumer throws the first error: the batch comes
/// again. A stop is looked at between events and takes no longer than those under way, and 50 ms.
///
/// Stages and handler are called by several threads at once: what they share beyond their arguments must be safe for
/// that, or belong to one key. So sessions of their own need one for each thread (`thread_local`). `queued` events wait
/// for each thread, `memory` bytes for all together (more only for one event that is larger). The threads live as long
/// as the consumer, which cannot be copied. With at_least_once only, for a transaction belongs to one thread.
/// @throws usage_error  by the consumer's constructor, for numbers below 1
struct keyed {
    using policy_axis = order_axis;
    static constexpr bool on_one_thread = false;
    detail::any_key key;
    int threads = 4;
    int queued = 256;
    std::size_t memory = std::size_t{16} << 20U;

    /// For the consumer: what works for it while it lives.
    [[nodiscard]] auto start() const { return detail::keying{key, threads, queued, memory}; }
};

}  // namespace pgq
