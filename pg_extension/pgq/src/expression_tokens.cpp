// Finds the columns in the text of an expression. This is not a parser: it knows where an operand may stand and takes
// only words there for columns, so that functions, types, aliases, tables and keywords of the same name are left alone.
#include "expression.hpp"
#include "sql_scanner.hpp"

#include <pg_extension/common/text_buffer.hpp>

namespace pgq::server {

namespace {

/// What a keyword does to the reading of the words after it.
enum class effect : char { operand, operation, name, tables };

struct keyword {
    std::string_view word;
    effect then;
};

/// Words that begin an operand, or are one: never columns, unless quoted.
constexpr keyword operand_words[] = {
    {"all", effect::operand},  {"any", effect::operand},      {"array", effect::operand},  {"case", effect::operand},
    {"cast", effect::operand}, {"distinct", effect::operand}, {"exists", effect::operand}, {"false", effect::operation},
    {"not", effect::operand},  {"null", effect::operation},   {"row", effect::operand},    {"select", effect::operand},
    {"some", effect::operand}, {"true", effect::operation},   {"values", effect::operand}, {"when", effect::operand},
    {"with", effect::name},
};

/// Words between operands after which something else than another operator may follow.
constexpr keyword operator_words[] = {
    {"and", effect::operand},       {"as", effect::name},          {"between", effect::operand},
    {"by", effect::operand},        {"collate", effect::name},     {"else", effect::operand},
    {"escape", effect::operand},    {"except", effect::operand},   {"for", effect::operand},
    {"having", effect::operand},    {"ilike", effect::operand},    {"in", effect::operand},
    {"intersect", effect::operand}, {"join", effect::tables},      {"like", effect::operand},
    {"limit", effect::operand},     {"offset", effect::operand},   {"on", effect::operand},
    {"or", effect::operand},        {"overlaps", effect::operand}, {"placing", effect::operand},
    {"symmetric", effect::operand}, {"then", effect::operand},     {"to", effect::operand},
    {"union", effect::operand},     {"using", effect::operand},    {"when", effect::operand},
    {"where", effect::operand},     {"zone", effect::operand},
};

constexpr int deepest = 64;

struct reader {
    table_info const& info;
    sql_scanner scan;
    text_buffer out;
    parsed_expression parsed;

    bool operand = true;        ///< an operand may stand here
    bool name = false;          ///< a name that is no column stands here: an alias, a type, a collation
    bool distinct = false;      ///< the last word was DISTINCT
    int depth = 0;              ///< of parentheses
    bool select[deepest] = {};  ///< by depth: inside SELECT
    bool tables[deepest] = {};  ///< by depth: inside its FROM
    bool names[deepest] = {};   ///< by depth: inside the column list of an alias
    bool alias = false;         ///< the last word was one

    enum class role : char { keyword, operand, other };

    void read();
    void read_word(sql_token const& token);
    void read_symbol(sql_token const& token);
    bool take_column(sql_token const& token);
    role classify(char const* word);
    void follow(effect then);
    int find_column(std::string_view name) const;
    void refer(int column, bool old, bool fresh);
    int level() const { return Min(depth, deepest - 1); }
};

keyword const* find_keyword(keyword const* from, std::size_t count, char const* word) {
    for (std::size_t i = 0; i < count; i++)
        if (pg_strcasecmp(word, from[i].word.data()) == 0) return &from[i];
    return nullptr;
}

int reader::find_column(std::string_view wanted) const {
    for (int i = 0; i < info.columns; i++)
        if (info.column_list[i].name == wanted) return i;
    return -1;
}

/// Writes `$n`; one parameter stands for all mentions of the same value.
void reader::refer(int column, bool old, bool fresh) {
    int const index = info.column_list[column].index;
    int n = 0;
    while (n < parsed.references) {
        column_reference const& at = parsed.reference[n];
        if (at.index == index && at.old == old && at.fresh == fresh) break;
        n++;
    }
    if (n == parsed.references) {
        if (parsed.references >= FUNC_MAX_ARGS) elog(ERROR, "Too many args");
        parsed.reference[parsed.references++] = {index, info.column_list[column].type, old, fresh};
    }
    out.append(psprintf("$%d", n + 1));
}

/// True when the word was a column and has been replaced.
bool reader::take_column(sql_token const& token) {
    if (scan.next_is("(") || scan.next_is("'") || scan.next_is("=>") || scan.next_is(":=")) return false;
    int column = find_column(token.raw);
    if (column < 0 && token.parts == 1) column = find_column(token.part[0].name);
    if (column >= 0) {
        refer(column, false, false);
        return true;
    }
    if (token.parts != 2 || token.part[0].quoted) return false;
    bool const old = strcmp(token.part[0].name, "old") == 0;
    bool const fresh = strcmp(token.part[0].name, "new") == 0;
    column = find_column(token.part[1].raw_name);
    if (column < 0) column = find_column(token.part[1].name);
    if (column < 0 || !(old || fresh)) return false;
    refer(column, old, fresh);
    return true;
}

/// Follows the grammar past an unquoted word and says what it is.
reader::role reader::classify(char const* word) {
    bool const after_distinct = distinct;
    distinct = pg_strcasecmp(word, "distinct") == 0;
    alias = name;
    if (name || names[level()]) return role::other;
    if (operand) {
        keyword const* found = find_keyword(operand_words, lengthof(operand_words), word);
        if (found == nullptr) return tables[level()] ? role::other : role::operand;
        if (pg_strcasecmp(word, "select") == 0) select[level()] = true;
        follow(found->then);
        return role::keyword;
    }
    if (pg_strcasecmp(word, "from") == 0) {
        tables[level()] = select[level()] && !after_distinct;
        operand = true;
        return role::keyword;
    }
    if (pg_strcasecmp(word, "group") == 0 || pg_strcasecmp(word, "order") == 0) tables[level()] = false;
    keyword const* found = find_keyword(operator_words, lengthof(operator_words), word);
    if (found == nullptr) return role::other;
    if (found->then == effect::operand) tables[level()] = false;
    if (found->then == effect::tables) tables[level()] = true;
    follow(found->then);
    return role::keyword;
}

void reader::follow(effect then) {
    operand = then == effect::operand || then == effect::tables;
    name = then == effect::name;
}

void reader::read_word(sql_token const& token) {
    bool const bare = token.parts == 1 && !token.part[0].quoted;
    role const is = bare                                   ? classify(token.part[0].raw_name)
                    : operand && !name && !tables[level()] ? role::operand
                                                           : role::other;
    if (is != role::operand || !take_column(token)) out.append(token.raw);
    if (is != role::keyword) operand = name = false;
    if (!bare) distinct = false;
}

void reader::read_symbol(sql_token const& token) {
    char const c = token.raw.front();
    out.append(token.raw);
    if (c == '(') {
        depth++;
        select[level()] = tables[level()] = false;
        names[level()] = alias;
    }
    if (c == ')' && depth > 0) depth--;
    alias = false;
    name = token.raw == "::";
    operand = c != ')' && c != ']' && c != '.';
}

void reader::read() {
    for (sql_token token = scan.next(); token.kind != sql_token::end; token = scan.next()) {
        switch (token.kind) {
        case sql_token::word:
            read_word(token);
            break;
        case sql_token::symbol:
            read_symbol(token);
            break;
        case sql_token::literal:
            operand = name = false;
            out.append(token.raw);
            break;
        default:
            out.append(token.raw);
            break;
        }
    }
}

}  // namespace

parsed_expression parse_expression(char const* text, table_info const& info) {
    reader read{info, sql_scanner{text}, {}, {}};
    read.out.start(strlen(text) + 64);
    read.out.append("select ");
    read.parsed.reference = static_cast<column_reference*>(palloc(sizeof(column_reference) * FUNC_MAX_ARGS));
    read.read();
    read.out.append('\0');
    read.parsed.sql = pstrdup(read.out.view().data());
    return read.parsed;
}

}  // namespace pgq::server
