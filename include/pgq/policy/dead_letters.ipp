// Bodies of <pgq/policy/dead_letters.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/dead_letters.hpp>

namespace pgq::detail {

PGQ_INLINE kept_event keep(event const& ev) {
    auto const copy = [](nullable_text text) {
        return text && text->data() != nullptr ? std::optional<std::string>{*text} : std::nullopt;
    };
    kept_event result{ev.id, ev.retry, copy(ev.type), copy(ev.data), {}};
    for (std::size_t i = 0; i < result.extra.size(); ++i)
        result.extra[i] = copy(ev.extra[i]);
    return result;
}

PGQ_INLINE std::string storable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto const length = utf8_length(text);
        if (length == 0) out += '?';
        else out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

PGQ_INLINE void append_json_field(std::string& out, std::string_view name, std::string_view value) {
    out += out.empty() ? "{" : ",";
    append_json_string(out, name);
    out += ':';
    append_json_string(out, storable(value));
}

PGQ_INLINE std::string story_of(dead_event const& dead, std::string_view queue, std::string_view consumer) {
    std::string out;
    append_json_field(out, "queue", queue);
    append_json_field(out, "consumer", consumer);
    out += ",\"event\":" + std::to_string(dead.ev.id);
    out += ",\"attempts\":" + std::to_string(dead.ev.retry + 1);
    append_json_field(out, "reason", dead.reason);
    append_json_field(out, "first_error", dead.first_error);
    append_json_field(out, "last_error", dead.reason);
    if (dead.ev.extra[3]) append_json_field(out, "extra4", *dead.ev.extra[3]);
    return out += '}';
}

PGQ_INLINE new_event letter_of(dead_event const& dead, std::string const& story) {
    auto const& ev = dead.ev;
    return {.type = view_of(ev.type).value_or(std::string_view{}),
            .data = view_of(ev.data).value_or(std::string_view{}),
            .extra = {view_of(ev.extra[0]), view_of(ev.extra[1]), view_of(ev.extra[2]), story}};
}

}  // namespace pgq::detail
