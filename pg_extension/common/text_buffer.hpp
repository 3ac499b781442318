// A growing text value, built in place: what is finished is a text datum, without a copy. Memory belongs to the current
// context.
#pragma once

#include <pg_extension/common/server.hpp>

#include <string_view>

namespace pgq::server {

struct text_buffer {
    char* data;
    std::size_t used;
    std::size_t room;

    void start(std::size_t expected) {
        room = expected + VARHDRSZ;
        used = VARHDRSZ;
        data = static_cast<char*>(palloc(room));
    }
    /// Makes place for `more` bytes and returns where they go; `advance` says how many were written.
    char* reserve(std::size_t more) {
        if (room - used < more) {
            room = Max(room * 2, used + more);
            if (room > MaxAllocSize) room = Max(static_cast<std::size_t>(MaxAllocSize), used + more);
            data = static_cast<char*>(repalloc(data, room));
        }
        return data + used;
    }
    void advance(std::size_t written) { used += written; }
    void append(std::string_view text) {
        memcpy(reserve(text.size()), text.data(), text.size());
        used += text.size();
    }
    void append(char c) {
        *reserve(1) = c;
        used++;
    }
    std::string_view view() const { return {data + VARHDRSZ, used - VARHDRSZ}; }
    Datum finish() {
        SET_VARSIZE(data, used);
        return PointerGetDatum(data);
    }
};

/// A text datum with a copy of `text`.
inline Datum make_text(std::string_view text) {
    text_buffer out;
    out.start(text.size());
    out.append(text);
    return out.finish();
}

}  // namespace pgq::server
