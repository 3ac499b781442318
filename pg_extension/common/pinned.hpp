// Settings held fixed while we render or run something. Errors leave by longjmp past these: what the transaction's
// abort puts back by itself is left to it, and only the rest is caught.
#pragma once

#include <pg_extension/common/server.hpp>

namespace pgq::server {

/// True inside a SECURITY DEFINER function or under `role_guard`.
inline bool runs_with_other_rights() {
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    return (context & SECURITY_LOCAL_USERID_CHANGE) != 0;
}

/// Searches pg_catalog alone, until `leave` or the end of the transaction.
struct search_path_guard {
    int nest_level;

    explicit search_path_guard(bool wanted) : nest_level(-1) {
        if (!wanted) return;
        nest_level = NewGUCNestLevel();
        (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                                0, false);
    }
    void leave() const {
        if (nest_level >= 0) AtEOXact_GUC(true, nest_level);
    }
};

/// Acts as another role, as a SECURITY DEFINER function does, until `leave` or the end of the transaction.
struct role_guard {
    Oid before;
    int context;

    explicit role_guard(Oid role) {
        GetUserIdAndSecContext(&before, &context);
        SetUserIdAndSecContext(role, context | SECURITY_LOCAL_USERID_CHANGE);
    }
    void leave() const { SetUserIdAndSecContext(before, context); }
};

/// Looked up once. The server knows GMT even without its time zone files.
inline pg_tz* universal_time() {
    static pg_tz* zone = nullptr;
    if (zone == nullptr) zone = pg_tzset("UTC");
    if (zone == nullptr) zone = pg_tzset("GMT");
    return zone;
}

/// The settings that the output of types depends on.
struct output_settings {
    int date_style, date_order, interval_style, float_digits, bytea_format;
    pg_tz* time_zone;
    bool quote_all;

    static output_settings current() {
        return {DateStyle,    DateOrder,        IntervalStyle,        extra_float_digits,
                bytea_output, session_timezone, quote_all_identifiers};
    }
    /// ISO dates in UTC, shortest floats that read back exactly, hex bytea: every server reads them, whatever its own
    /// settings.
    static output_settings fixed() {
        return {USE_ISO_DATES, DATEORDER_YMD, INTSTYLE_POSTGRES, 1, BYTEA_OUTPUT_HEX, universal_time(), false};
    }
    void use() const {
        DateStyle = date_style;
        DateOrder = date_order;
        IntervalStyle = interval_style;
        extra_float_digits = float_digits;
        bytea_output = bytea_format;
        session_timezone = time_zone;
        quote_all_identifiers = quote_all;
    }
};

/// Runs `work` under output_settings::fixed(). The settings are plain variables here, which is a hundred times cheaper
/// than going through the configuration machinery for each row, and so an abort would not put them back: we do.
template <typename Work> void with_fixed_output(Work const& work) {
    output_settings const before = output_settings::current();
    output_settings const fixed = output_settings::fixed();
    PG_TRY();
    {
        fixed.use();
        work();
    }
    PG_CATCH();
    {
        before.use();
        PG_RE_THROW();
    }
    PG_END_TRY();
    before.use();
}

}  // namespace pgq::server
