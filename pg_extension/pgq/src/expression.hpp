// The SQL expressions that trigger arguments may hold: `when=`, `ev_data=` and so on.
#pragma once

#include "row_text.hpp"

namespace pgq::server {

/// A column that an expression mentions; it becomes a parameter of the statement.
struct column_reference {
    int index;  ///< in the row, from 0
    Oid type;
    bool old;    ///< OLD.name; otherwise the row that the event is about
    bool fresh;  ///< NEW.name, which is null on DELETE
};

/// An expression with its column names replaced by parameters.
struct parsed_expression {
    char* sql;  ///< select <expression>
    int references;
    column_reference* reference;
};

/// Finds the columns in `text`. Errors: `QB: syntax error`, `Too many args`.
parsed_expression parse_expression(char const* text, table_info const& info);

struct expression {
    parsed_expression parsed;
    SPIPlanPtr plan;  ///< kept; freed with the trigger's entry
    Oid type;         ///< of the result
    value_output output;
};

/// The rows that an expression can see; a missing one has null values.
struct visible_rows {
    row_values const* event;  ///< NEW, or OLD on DELETE
    row_values const* fresh;
    row_values const* old;
};

/// What an expression or a magic column says about a field.
struct field_value {
    Datum text;
    bool null;
};

/// Evaluates the expression; the text is in the current context. Between SPI_connect and SPI_finish of the caller it
/// must not be. Errors: `Override query failed`, `Expect 1 row from override query, got <n>`.
field_value evaluate(expression& what, visible_rows const& rows, MemoryContext memory);

/// Evaluates `when=`. Errors: `when= query result must be boolean, got=<type>`, `when= should not be NULL`.
bool evaluate_when(expression& what, visible_rows const& rows, MemoryContext memory);

}  // namespace pgq::server
