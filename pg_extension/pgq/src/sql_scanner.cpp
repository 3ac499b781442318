#include "sql_scanner.hpp"

extern "C" {
#include <parser/parser.h>
#include <parser/scansup.h>
}

namespace pgq::server {

namespace {

[[noreturn]] void syntax_error() {
    elog(ERROR, "QB: syntax error");
    pg_unreachable();
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool starts_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IS_HIGHBIT_SET(c);
}

bool continues_word(char c) {
    return starts_word(c) || is_digit(c) || c == '$';
}

bool plain_strings_have_backslashes() {
#if PG_VERSION_NUM < 190000
    return !standard_conforming_strings;
#else
    return false;
#endif
}

char const* comment_end(char const* at) {
    int depth = 0;
    do {
        if (*at == '\0') syntax_error();
        bool const opens = at[0] == '/' && at[1] == '*';
        bool const closes = at[0] == '*' && at[1] == '/';
        depth += opens ? 1 : closes ? -1 : 0;
        at += opens || closes ? 2 : 1;
    } while (depth > 0);
    return at;
}

char const* quoted_end(char const* at) {
    for (at++; *at != '\0'; at++)
        if (*at == '"' && *++at != '"') return at;
    syntax_error();
}

}  // namespace

char const* sql_scanner::skip_space(char const* at) const {
    for (;;) {
        if (is_space(*at)) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            while (*at != '\0' && *at != '\n')
                at++;
        } else if (at[0] == '/' && at[1] == '*') {
            at = comment_end(at);
        } else {
            return at;
        }
    }
}

char const* sql_scanner::string_end(char const* at, bool backslashes) const {
    for (at++; *at != '\0'; at++) {
        if (backslashes && *at == '\\' && at[1] != '\0') at++;
        else if (*at == '\'' && *++at != '\'') return at;
    }
    syntax_error();
}

char const* sql_scanner::dollar_end(char const* at) const {
    char const* tag = at + 1;
    if (is_digit(*tag)) {
        while (is_digit(*tag))
            tag++;
        return tag;
    }
    while (*tag != '$' && continues_word(*tag))
        tag++;
    if (*tag != '$') syntax_error();
    std::string_view const fence{at, static_cast<std::size_t>(tag + 1 - at)};
    char const* close = strstr(tag + 1, psprintf("%.*s", static_cast<int>(fence.size()), fence.data()));
    if (close == nullptr) syntax_error();
    return close + fence.size();
}

char const* sql_scanner::number_end(char const* at) const {
    while (is_digit(*at) || *at == '_')
        at++;
    if (*at == '.') at++;
    while (is_digit(*at) || *at == '_')
        at++;
    if (*at != 'e' && *at != 'E') return at;
    char const* exponent = at + 1;
    if (*exponent == '+' || *exponent == '-') exponent++;
    if (!is_digit(*exponent)) return at;
    while (is_digit(*exponent))
        exponent++;
    return exponent;
}

/// e'', b'', x'', n'' and u&''. Moves `at` to the quote.
bool sql_scanner::string_prefix(char const*& at, bool& backslashes) const {
    char const letter = static_cast<char>(pg_ascii_tolower(static_cast<unsigned char>(*at)));
    backslashes = letter == 'e' || (letter == 'n' && plain_strings_have_backslashes());
    if (letter == 'u' && at[1] == '&' && at[2] == '\'') at += 2;
    else if (at[1] == '\'' && letter != '\0' && strchr("ebxn", letter) != nullptr) at += 1;
    else return false;
    return true;
}

void sql_scanner::take_parts(sql_token& token) {
    char const* start = at_;
    do {
        if (*at_ == '.') at_++;
        if (token.parts == sql_token::most_parts) syntax_error();
        name_part& part = token.part[token.parts++];
        char const* begin = at_;
        part.quoted = *at_ == '"';
        if (part.quoted) {
            at_ = quoted_end(at_);
            part.name = static_cast<char*>(palloc(static_cast<Size>(at_ - begin)));
            char* out = part.name;
            for (char const* from = begin + 1; from < at_ - 1; from++) {
                *out++ = *from;
                if (*from == '"') from++;
            }
            *out = '\0';
            part.raw_name = part.name;
        } else {
            while (continues_word(*at_))
                at_++;
            int const length = static_cast<int>(at_ - begin);
            part.raw_name = pnstrdup(begin, static_cast<Size>(length));
            part.name = downcase_identifier(begin, length, false, false);
        }
    } while (*at_ == '.' && (starts_word(at_[1]) || at_[1] == '"'));
    token.raw = {start, static_cast<std::size_t>(at_ - start)};
}

sql_token sql_scanner::next() {
    sql_token token;
    memset(static_cast<void*>(&token), 0, sizeof token);
    char const* start = at_;
    char const* quote = at_;
    bool backslashes = plain_strings_have_backslashes();
    if (*at_ == '\0') return token;
    if (char const* after = skip_space(at_); after != at_) {
        token.kind = sql_token::space;
        at_ = after;
    } else if (*at_ == '\'' || (starts_word(*at_) && string_prefix(quote, backslashes))) {
        token.kind = sql_token::literal;
        at_ = string_end(quote, backslashes);
    } else if (starts_word(*at_) || *at_ == '"') {
        token.kind = sql_token::word;
        take_parts(token);
    } else if (is_digit(*at_) || (*at_ == '.' && is_digit(at_[1]))) {
        token.kind = sql_token::literal;
        at_ = number_end(at_);
    } else if (*at_ == '$') {
        token.kind = sql_token::literal;
        at_ = dollar_end(at_);
    } else {
        token.kind = sql_token::symbol;
        at_ += at_[0] == ':' && (at_[1] == ':' || at_[1] == '=') ? 2 : 1;
    }
    token.raw = {start, static_cast<std::size_t>(at_ - start)};
    return token;
}

bool sql_scanner::next_is(std::string_view text) const {
    char const* at = skip_space(at_);
    return strncmp(at, text.data(), text.size()) == 0;
}

}  // namespace pgq::server
