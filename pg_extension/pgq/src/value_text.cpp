#include "value_text.hpp"

#include <pg_extension/common/pinned.hpp>

namespace pgq::server {

namespace {

writer writer_of(Oid base) {
    switch (base) {
    case INT2OID:
        return writer::int2;
    case INT4OID:
        return writer::int4;
    case INT8OID:
        return writer::int8;
    case BOOLOID:
        return writer::boolean;
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case JSONOID:
        return writer::text;
    case FLOAT4OID:
        return writer::float4;
    case FLOAT8OID:
        return writer::float8;
    case DATEOID:
        return writer::date;
    case TIMESTAMPOID:
        return writer::timestamp;
    case TIMESTAMPTZOID:
        return writer::timestamptz;
    case BYTEAOID:
        return writer::bytea;
    case UUIDOID:
        return writer::uuid;
    default:
        return writer::other;
    }
}

json_form json_form_of(Oid type) {
    switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
        return json_form::number;
    case BOOLOID:
        return json_form::boolean;
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
        return json_form::iso_date;
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
    case UUIDOID:
        return json_form::plain_string;
    default:
        return json_form::string;
    }
}

bool names_objects(Oid type) {
    switch (type) {
    case REGCLASSOID:
    case REGPROCOID:
    case REGPROCEDUREOID:
    case REGOPEROID:
    case REGOPERATOROID:
    case REGTYPEOID:
    case REGCONFIGOID:
    case REGDICTIONARYOID:
    case REGCOLLATIONOID:
        return true;
    default:
        return get_typtype(type) == TYPTYPE_COMPOSITE;
    }
}

std::string_view up_to_zero(char const* text) {
    return {text, strlen(text)};
}

[[noreturn]] void out_of_range() {
    ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range"));
    pg_unreachable();
}

/// Time with time zone is written in UTC, so the fields need no time zone tables at all.
std::string_view timestamp_text(Timestamp value, bool with_zone, int style, char* scratch) {
    if (TIMESTAMP_NOT_FINITE(value)) {
        EncodeSpecialTimestamp(value, scratch);
        return up_to_zero(scratch);
    }
    pg_tm fields;
    fsec_t fraction;
    if (timestamp2tm(value, nullptr, &fields, &fraction, nullptr, nullptr) != 0) out_of_range();
    fields.tm_isdst = 0;  // says that the zone is known
    EncodeDateTime(&fields, fraction, with_zone, 0, nullptr, style, scratch);
    return up_to_zero(scratch);
}

std::string_view date_text(DateADT value, char* scratch) {
    if (DATE_NOT_FINITE(value)) {
        EncodeSpecialDate(value, scratch);
        return up_to_zero(scratch);
    }
    pg_tm fields;
    j2date(value + POSTGRES_EPOCH_JDATE, &fields.tm_year, &fields.tm_mon, &fields.tm_mday);
    EncodeDateOnly(&fields, USE_ISO_DATES, scratch);
    return up_to_zero(scratch);
}

std::string_view bytea_text(Datum value) {
    bytea* bytes = DatumGetByteaPP(value);
    std::size_t const size = VARSIZE_ANY_EXHDR(bytes);
    char* out = static_cast<char*>(palloc(2 * size + 2));
    memcpy(out, "\\x", 2);
    hex_encode(VARDATA_ANY(bytes), size, out + 2);
    return {out, 2 * size + 2};
}

std::string_view uuid_text(Datum value, char* scratch) {
    char const* bytes = reinterpret_cast<char const*>(DatumGetUUIDP(value)->data);
    constexpr int groups[] = {4, 2, 2, 2, 6};
    char* at = scratch;
    for (int group : groups) {
        if (at != scratch) *at++ = '-';
        hex_encode(bytes, static_cast<std::size_t>(group), at);
        bytes += group;
        at += 2 * group;
    }
    return {scratch, static_cast<std::size_t>(at - scratch)};
}

std::string_view function_text(value_output const& output, Datum value) {
    search_path_guard path{output.reads_path};
    // The function keeps notes in its FmgrInfo, as it does for the executor.
    char const* text = OutputFunctionCall(const_cast<FmgrInfo*>(&output.function), value);
    path.leave();
    return up_to_zero(text);
}

std::string_view integer_text(int64 value, char* scratch) {
    return {scratch, static_cast<std::size_t>(pg_lltoa(value, scratch))};
}

}  // namespace

value_output output_of(Oid type, MemoryContext memory) {
    value_output out;
    memset(&out, 0, sizeof out);
    Oid const base = getBaseType(type);
    Oid const element = get_element_type(base);
    out.how = writer_of(base);
    out.json = json_form_of(type);
    out.reads_settings = out.how == writer::other && base != NUMERICOID && base != JSONBOID;
    out.reads_path = names_objects(OidIsValid(element) ? getBaseType(element) : base);
    if (out.how == writer::other) {
        Oid function;
        bool varlena;
        getTypeOutputInfo(type, &function, &varlena);
        fmgr_info_cxt(function, &out.function, memory);
    }
    return out;
}

std::string_view text_of(value_output const& output, Datum value, char* scratch) {
    switch (output.how) {
    case writer::int2:
        return integer_text(DatumGetInt16(value), scratch);
    case writer::int4:
        return integer_text(DatumGetInt32(value), scratch);
    case writer::int8:
        return integer_text(DatumGetInt64(value), scratch);
    case writer::boolean:
        return DatumGetBool(value) ? "t" : "f";
    case writer::text: {
        text* detoasted = DatumGetTextPP(value);
        return {VARDATA_ANY(detoasted), VARSIZE_ANY_EXHDR(detoasted)};
    }
    case writer::float4:
        return {scratch, static_cast<std::size_t>(float_to_shortest_decimal_buf(DatumGetFloat4(value), scratch))};
    case writer::float8:
        return {scratch, static_cast<std::size_t>(double_to_shortest_decimal_buf(DatumGetFloat8(value), scratch))};
    case writer::date:
        return date_text(DatumGetDateADT(value), scratch);
    case writer::timestamp:
        return timestamp_text(DatumGetTimestamp(value), false, USE_ISO_DATES, scratch);
    case writer::timestamptz:
        return timestamp_text(DatumGetTimestampTz(value), true, USE_ISO_DATES, scratch);
    case writer::bytea:
        return bytea_text(value);
    case writer::uuid:
        return uuid_text(value, scratch);
    case writer::other:
        break;
    }
    return function_text(output, value);
}

std::string_view iso_text_of(value_output const& output, Datum value, char* scratch) {
    switch (output.how) {
    case writer::timestamp:
        return timestamp_text(DatumGetTimestamp(value), false, USE_XSD_DATES, scratch);
    case writer::timestamptz:
        return timestamp_text(DatumGetTimestampTz(value), true, USE_XSD_DATES, scratch);
    default:
        return text_of(output, value, scratch);
    }
}

}  // namespace pgq::server
