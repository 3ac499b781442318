/// JSON that programs print.
#pragma once

#include <pgq/codec/utf8.hpp>
#include <pgq/payload/json_string.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apps {

/// A text as JSON writes it, in quotation marks. Bytes that are no UTF-8, as in names of files, become U+FFFD.
inline std::string json_string(std::string_view text) {
    constexpr unsigned no_character = 0xfffd;
    std::string right;
    while (!text.empty()) {
        auto const length = pgq::detail::utf8_length(text);
        if (length > 0) right += text.substr(0, length);
        else pgq::detail::append_utf8(right, no_character);
        text.remove_prefix(length > 0 ? length : 1);
    }
    std::string out;
    pgq::detail::append_json_string(out, right);
    return out;
}

class json;
/// The members of an object, in their order.
using json_members = std::vector<std::pair<std::string_view, json>>;

/// A value as JSON writes it.
class json {
public:
    json(std::string_view value) : text_{json_string(value)} {}
    json(std::string const& value) : json{std::string_view{value}} {}
    json(char const* value) : json{std::string_view{value}} {}
    json(std::nullptr_t) : text_{"null"} {}
    template <std::integral T> json(T value) : text_{written_number(value)} {}
    template <class T> json(std::optional<T> const& value) : json{value ? json{*value} : json{nullptr}} {}
    json(std::initializer_list<std::pair<std::string_view, json>> members) : text_{written_members(members)} {}
    explicit json(json_members const& members) : text_{written_members(members)} {}
    /// What is JSON already.
    static json written(std::string text) {
        json value{nullptr};
        value.text_ = std::move(text);
        return value;
    }
    /// A list of what `write` makes of each.
    static json list(auto const& all, auto const& write) {
        std::string out;
        for (auto const& one : all)
            out.append(out.empty() ? "" : ", ").append(json{write(one)}.text_);
        return written('[' + out + ']');
    }
    static json list(auto const& all) {
        return list(all, [](auto const& one) -> auto const& { return one; });
    }

    [[nodiscard]] std::string const& text() const { return text_; }

private:
    static std::string written_members(auto const& members) {
        std::string out{"{"};
        for (auto const& [name, value] : members)
            out.append(out.size() > 1 ? ", " : "").append(json_string(name)).append(": ").append(value.text_);
        return out + '}';
    }
    template <class T> static std::string written_number(T value) {
        if constexpr (std::same_as<T, bool>) return value ? "true" : "false";
        else return std::to_string(value);
    }
    std::string text_;
};

}  // namespace apps
