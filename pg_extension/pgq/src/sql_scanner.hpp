// Cuts SQL text into tokens, as far as it takes to tell names from everything else.
#pragma once

#include <pg_extension/common/server.hpp>

#include <string_view>

namespace pgq::server {

/// One part of a dotted name. `name` is as SQL reads it, `raw_name` with the case as written.
struct name_part {
    char* name;
    char* raw_name;
    bool quoted;
};

struct sql_token {
    enum kinds : char { end, space, literal, word, symbol };
    static constexpr int most_parts = 4;

    kinds kind;
    std::string_view raw;
    int parts;  ///< of a word
    name_part part[most_parts];
};

/// White space and comments are tokens too, so that the tokens make up the whole text. Error: `QB: syntax error`.
class sql_scanner {
public:
    explicit sql_scanner(char const* source) : at_(source) {}

    sql_token next();

    /// True when the next token that is not space begins so.
    bool next_is(std::string_view text) const;

private:
    char const* skip_space(char const* at) const;
    char const* string_end(char const* at, bool backslashes) const;
    char const* dollar_end(char const* at) const;
    char const* number_end(char const* at) const;
    bool string_prefix(char const*& at, bool& backslashes) const;
    void take_parts(sql_token& token);

    char const* at_;
};

}  // namespace pgq::server
