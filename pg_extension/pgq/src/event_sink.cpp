#include "event_sink.hpp"

#include <pg_extension/common/pinned.hpp>

namespace pgq::server {

namespace {

constexpr int sql_arguments = event_fields + 1;

using write_function = int64 (*)(text*, Datum const*, bool const*);

struct sink {
    bool known;  ///< cleared when functions, schemas or roles change
    Oid function;
    Oid owner;
    bool definer;
    write_function write;  ///< null: call by SQL
    Oid allowed_role;      ///< found allowed, for tables of allowed_owner
    Oid allowed_owner;
    Oid acting;  ///< the role that then calls the function
    SPIPlanPtr plan;
};

sink current{};
bool callbacks_set = false;

void on_change(Datum, int, uint32) {
    current.known = false;
}

void set_callbacks() {
    if (callbacks_set) return;
    CacheRegisterSyscacheCallback(PROCOID, on_change, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, on_change, 0);
    CacheRegisterSyscacheCallback(AUTHOID, on_change, 0);
    CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, on_change, 0);
    callbacks_set = true;
}

Oid find_function() {
    Oid const space = get_namespace_oid("pgq", true);
    Oid types[sql_arguments];
    for (Oid& type : types)
        type = TEXTOID;
    if (!OidIsValid(space)) return InvalidOid;
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("insert_event"),
                           PointerGetDatum(buildoidvector(types, sql_arguments)), ObjectIdGetDatum(space));
}

char* text_attribute(HeapTuple tuple, AttrNumber attribute) {
    bool null = false;
    Datum const value = SysCacheGetAttr(PROCOID, tuple, attribute, &null);
    return null ? nullptr : TextDatumGetCString(value);
}

/// Only a search_path may be attached: our code looks up nothing by it. Any other setting is somebody's wish and must
/// be honoured.
bool has_other_settings(HeapTuple tuple) {
    bool null = false;
    Datum const value = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &null);
    if (null) return false;
    Datum* settings;
    int count;
    deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &settings, nullptr, &count);
    for (int i = 0; i < count; i++)
        if (strncmp(TextDatumGetCString(settings[i]), "search_path=", strlen("search_path=")) != 0) return true;
    return false;
}

bool ends_with(char const* text, char const* end) {
    std::size_t const length = strlen(text);
    std::size_t const end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/// The code behind our own definition, or null when this is another one.
write_function own_writer(HeapTuple tuple) {
    auto const* function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    if (function->prolang != ClanguageId) return nullptr;
    char const* symbol = text_attribute(tuple, Anum_pg_proc_prosrc);
    char* module = text_attribute(tuple, Anum_pg_proc_probin);
    if (symbol == nullptr || module == nullptr || strcmp(symbol, "pgq_insert_event_7") != 0) return nullptr;
    if (!(ends_with(module, "pgq_lowlevel") || ends_with(module, "pgq_lowlevel.so")) || has_other_settings(tuple))
        return nullptr;
    return reinterpret_cast<write_function>(load_external_function(module, "pgq_write_event_v1", false, nullptr));
}

void look_up() {
    // Cleared first: what changes while we look is seen the next time.
    current.known = true;
    current.function = find_function();
    current.write = nullptr;
    current.allowed_role = InvalidOid;
    if (!OidIsValid(current.function)) return;
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(current.function));
    if (!HeapTupleIsValid(tuple)) {
        current.function = InvalidOid;
        return;
    }
    auto const* function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    current.owner = function->proowner;
    current.definer = function->prosecdef;
    current.write = own_writer(tuple);
    ReleaseSysCache(tuple);
}

bool may_execute(Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(ProcedureRelationId, current.function, role, ACL_EXECUTE) == ACLCHECK_OK;
#else
    return pg_proc_aclcheck(current.function, role, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/// Who writes to a captured table need not know of the queue: it is enough that the table's owner, who let the trigger
/// be, may write to it.
void authorize(Oid role, Oid table_owner) {
    if (current.allowed_role == role && current.allowed_owner == table_owner) return;
    Oid acting = role;
    if (!may_execute(role)) {
        if (!OidIsValid(table_owner) || !may_execute(table_owner))
            aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, "insert_event");
        acting = table_owner;
    }
    current.acting = acting;
    current.allowed_role = role;
    current.allowed_owner = table_owner;
}

sent_event call_by_sql(text* queue, event_text const& event) {
    Datum values[sql_arguments];
    char nulls[sql_arguments];
    Oid types[sql_arguments];
    values[0] = PointerGetDatum(queue);
    nulls[0] = ' ';
    types[0] = TEXTOID;
    for (int i = 0; i < event_fields; i++) {
        values[i + 1] = event.values[i];
        nulls[i + 1] = event.nulls[i] ? 'n' : ' ';
        types[i + 1] = TEXTOID;
    }
    if (SPI_connect() < 0) elog(ERROR, "SPI_connect() failed");
    if (current.plan == nullptr) {
        SPIPlanPtr plan = SPI_prepare("select pgq.insert_event($1, $2, $3, $4, $5, $6, $7)", sql_arguments, types);
        if (plan == nullptr) elog(ERROR, "pgq_triggers: SPI_prepare() failed");
        SPI_keepplan(plan);
        current.plan = plan;
    }
    if (SPI_execute_plan(current.plan, values, nulls, false, 0) != SPI_OK_SELECT)
        elog(ERROR, "call of pgq.insert_event failed");
    sent_event sent{0, true};
    if (SPI_processed > 0)
        sent.id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &sent.null));
    SPI_finish();
    return sent;
}

}  // namespace

sent_event send_event(text* queue, event_text const& event, Oid table_owner) {
    set_callbacks();
    if (!current.known) look_up();
    // Without a function of these very arguments the statement finds what the server would call, or says that there is
    // nothing.
    if (!OidIsValid(current.function)) return call_by_sql(queue, event);
    Oid const role = GetUserId();
    authorize(role, table_owner);
    Oid const runs_as = current.write != nullptr && current.definer ? current.owner : current.acting;
    if (current.write == nullptr && runs_as == role) return call_by_sql(queue, event);
    role_guard guard{runs_as};
    search_path_guard path{current.write == nullptr};
    sent_event const sent = current.write != nullptr
                                ? sent_event{current.write(queue, event.values, event.nulls), false}
                                : call_by_sql(queue, event);
    path.leave();
    guard.leave();
    return sent;
}

}  // namespace pgq::server
