/// What becomes of names in a payload that a struct does not describe. They are passed over, unless the struct says
///   static constexpr pgq::refused_fields unknown_fields{};    // an error that names them
///   pgq::kept_fields unknown_fields{};                        // kept there, and written again
#pragma once

#include <pgq/codec/malformed.hpp>
#include <pgq/error.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pgq {

/// As a static member `unknown_fields`: the struct takes no names but its own.
struct refused_fields {};

/// One name that the struct does not describe.
struct kept_field {
    std::string name{};
    std::optional<std::string> text{};  ///< nothing for NULL
    bool bare = false;  ///< in JSON no string, but this text: a number, true, false, an object, an array
    friend bool operator==(kept_field const&, kept_field const&) = default;
};

/// As a member `unknown_fields`: takes what else the payload has, in its order; written after the described fields.
struct kept_fields {
    std::vector<kept_field> fields{};

    /// The last field of that name; null when there is none. Linear in the number of fields.
    [[nodiscard]] kept_field const* find(std::string_view name) const {
        kept_field const* last = nullptr;
        for (auto const& field : fields) {
            if (field.name == name) last = &field;
        }
        return last;
    }
    friend bool operator==(kept_fields const&, kept_fields const&) = default;
};

namespace detail {

template <class E>
concept keeps_unknown = requires { requires std::same_as<decltype(&E::unknown_fields), kept_fields E::*>; };
template <class E>
concept refuses_unknown =
    requires { requires std::same_as<std::remove_cv_t<decltype(E::unknown_fields)>, refused_fields>; };

/// Takes the names that are not described, one at a time, and the end of the payload.
template <class E> struct unknown_taker {
    explicit unknown_taker(E&) {}
    void take(std::string_view, std::optional<std::string_view>, bool) {}
    void end() const {}
};

template <keeps_unknown E> struct unknown_taker<E> {
    explicit unknown_taker(E& object) : kept_{object.unknown_fields} {}
    void take(std::string_view name, std::optional<std::string_view> text, bool bare) {
        auto& field = kept_.fields.emplace_back();
        field.name = name;
        if (text) field.text = *text;
        field.bare = bare;
    }
    void end() const {}

private:
    kept_fields& kept_;
};

template <refuses_unknown E> struct unknown_taker<E> {
    explicit unknown_taker(E&) {}
    void take(std::string_view name, std::optional<std::string_view>, bool) {
        if (names_.size() > 500) return;  // enough to see what is wrong
        names_ += (names_.empty() ? "" : ", ") + quoted(name);
    }
    /// @throws decode_error naming them
    void end() const {
        if (!names_.empty()) throw decode_error{"unknown fields: " + names_};
    }

private:
    std::string names_{};
};

}  // namespace detail
}  // namespace pgq
