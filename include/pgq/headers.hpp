/// A few names with values that travel beside an event, in ev_extra3: trace context, tenant, content type.
/// Not for the event's own fields, and not for events of triggers, whose extras have meanings of their own.
#pragma once

#include <pgq/codec/hex.hpp>
#include <pgq/event.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {

/// The column that headers are in: dead letters keep it as it is, and triggers of PgQ leave it empty.
inline constexpr std::size_t headers_extra = 2;

/// Headers to send, as `name=value&name=value` with URL escapes, so that they can be read by eye and by SQL.
class headers {
public:
    headers() = default;
    headers(std::initializer_list<std::pair<std::string_view, std::string_view>> all) {
        for (auto const& [name, value] : all)
            add(name, value);
    }

    /// One more. A name that is added twice counts the last time.
    headers& add(std::string_view name, std::string_view value) {
        if (!text_.empty()) text_ += '&';
        detail::url_encode(text_, name);
        text_ += '=';
        detail::url_encode(text_, value);
        return *this;
    }

    /// As the extras of an event, so that headers stand where those do; a view of this object.
    operator std::array<nullable_text, 4>() const {  // implicit on purpose
        std::array<nullable_text, 4> extra{};
        extra[headers_extra] = text();
        return extra;
    }
    /// What goes into the column; nothing (NULL) when there are no headers. A view of this object.
    [[nodiscard]] nullable_text text() const {
        return text_.empty() ? nullable_text{} : nullable_text{std::string_view{text_}};
    }

private:
    std::string text_{};
};

/// The value of a header as it stands in the event; decoded when asked for.
class header_value {
public:
    explicit header_value(std::string_view encoded) : encoded_{encoded} {}

    /// @throws decode_error  for a % that two hex digits do not follow
    [[nodiscard]] std::string str() const {
        detail::decode_space space;
        return std::string{detail::url_decoded(encoded_, space)};
    }
    /// Compares without a copy. @throws decode_error
    friend bool operator==(header_value const& value, std::string_view text) {
        detail::decode_space space;
        return detail::url_decoded(value.encoded_, space) == text;
    }
    /// With its escapes, as a view of the event: for values that are known to have none.
    [[nodiscard]] std::string_view raw() const { return encoded_; }

private:
    std::string_view encoded_;
};

/// The headers of an event, read where they stand: nothing is copied before a value is asked for, so this costs nothing
/// to whom does not look. A view of the event. Text that is not urlencoded gives strange names, and no error.
class header_view {
public:
    explicit header_view(std::string_view text) : text_{text} {}

    /// True for an event without headers.
    [[nodiscard]] bool empty() const { return text_.empty(); }

    /// The value of a name; nothing when it is not there. Reads all headers. @throws decode_error
    [[nodiscard]] std::optional<header_value> find(std::string_view name) const {
        std::optional<header_value> found;
        auto rest = text_;
        detail::decode_space space;
        while (!rest.empty()) {
            bool const same = detail::take_name(rest, space) == name;
            auto const end = rest.find('&');
            auto const value = rest.substr(0, end);
            if (same) found = header_value{value.substr(value.empty() ? 0 : 1)};
            rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        }
        return found;
    }

    /// Calls `each(name, value)`, both decoded, in order. The views live until the call returns. @throws decode_error
    void for_each(auto const& each) const {
        detail::for_each_pair(text_, [&](std::string_view name, std::optional<std::string_view> value) {
            each(name, value.value_or(std::string_view{}));
        });
    }

private:
    std::string_view text_;
};

/// The headers of an event, as a view of it. Never throws.
inline header_view headers_of(event const& ev) {
    return header_view{ev.extra[headers_extra].value_or(std::string_view{})};
}

/// Where an event stands in a distributed trace: the header "traceparent". Source: W3C Trace Context, section 3.2.
struct trace_parent {
    static constexpr std::string_view header = "traceparent";

    std::string trace_id{};   ///< 32 lower-case hex digits, not all zero
    std::string parent_id{};  ///< 16 of them, not all zero
    std::uint8_t flags = 0;   ///< bit 0: sampled

    /// Nothing for a text that is no trace parent: a trace begins anew then, as the standard asks.
    static std::optional<trace_parent> parse(std::string_view text);

    /// In the form of version 00.
    [[nodiscard]] std::string str() const {
        std::string out = "00-" + trace_id + '-' + parent_id + '-';
        for (unsigned const digit : {flags / 16U, flags % 16U})
            out += "0123456789abcdef"[digit];
        return out;
    }
};

/// The trace that an event belongs to, if it has a valid one. @throws decode_error
inline std::optional<trace_parent> trace_of(event const& ev) {
    auto const value = headers_of(ev).find(trace_parent::header);
    return value ? trace_parent::parse(value->str()) : std::nullopt;
}

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/headers.ipp>
#endif
