// The text of one column value, the same whatever the session's settings.
#pragma once

#include <pg_extension/common/server.hpp>

#include <string_view>

namespace pgq::server {

/// Types written without a call through the function manager; all others go through their output function.
enum class writer : char {
    int2,
    int4,
    int8,
    boolean,
    text,
    float4,
    float8,
    date,
    timestamp,
    timestamptz,
    bytea,
    uuid,
    other
};

/// How JSON shows the value. Only the plain types count: a domain over integer is a string, as it always was.
enum class json_form : char { number, boolean, iso_date, plain_string, string };

struct value_output {
    writer how;
    json_form json;
    bool reads_settings;  ///< must be called under with_fixed_output
    bool reads_path;      ///< names objects, so the search path decides on the text
    FmgrInfo function;    ///< of writer::other
};

/// Room that text_of may use for short values.
inline constexpr std::size_t scratch_size = MAXDATELEN + 1;

/// @param memory where the function information goes.
value_output output_of(Oid type, MemoryContext memory);

/// The view is into the value, into `scratch`, or into memory of the current context.
std::string_view text_of(value_output const& output, Datum value, char* scratch);

/// As `text_of` for json_form::iso_date, with the T between date and time.
std::string_view iso_text_of(value_output const& output, Datum value, char* scratch);

}  // namespace pgq::server
