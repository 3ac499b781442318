"""What the catalogs say of the extension, against Debian's: whatever a client can name or count on is there and the same."""

FUNCTIONS = """
select p.oid::regprocedure::text as signature, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
       p.provolatile, p.prosecdef, p.proisstrict, p.proparallel
from pg_proc p where p.pronamespace = 'pgq'::regnamespace order by 1"""

RIGHTS = """
select p.oid::regprocedure::text, array_agg(coalesce(r.rolname, 'public') || ' ' || a.privilege_type order by r.rolname nulls first)
from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join pg_roles r on r.oid = a.grantee
where p.pronamespace = 'pgq'::regnamespace group by 1 order by 1"""

# The names that a queue's tables get in both, with its number taken out.
COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'pgq'::regnamespace and c.relkind = 'r' order by c.relname, a.attnum"""

CONSTRAINTS = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
where connamespace = 'pgq'::regnamespace order by 1, 2"""

INDEXES = "select tablename, indexname, indexdef from pg_indexes where schemaname = 'pgq' order by 1, 2"

SEQUENCES = """
select c.relname, s.seqtypid::regtype::text, seqstart, seqincrement, seqmin, seqmax, seqcycle
from pg_sequence s join pg_class c on c.oid = s.seqrelid where c.relnamespace = 'pgq'::regnamespace order by 1"""

TABLE_RIGHTS = """
select c.relname, array_agg(coalesce(r.rolname, 'public') || ' ' || a.privilege_type || ' ' || a.is_grantable order by r.rolname nulls first,
                            a.privilege_type)
from pg_class c, aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
left join pg_roles r on r.oid = a.grantee
where c.relnamespace = 'pgq'::regnamespace and c.relkind in ('r', 'S') group by 1 order by 1"""

EVENT_TABLE_OPTIONS = """
select c.relname, array(select unnest(c.reloptions) order by 1), t.reloptions, c.relpersistence
from pg_class c left join pg_class t on t.oid = c.reltoastrelid
where c.relnamespace = 'pgq'::regnamespace and c.relkind = 'r' and c.relname like 'event%' order by 1"""

PARENTS = """
select inhrelid::regclass::text, inhparent::regclass::text from pg_inherits
where inhrelid::regclass::text like 'pgq.%' order by 1"""

NEW_FUNCTIONS = {
    "pgq.insert_events(text,text[],text[])", "pgq.rebase_queue(text)", "pgq.tick_pending(text[])",
    "pgq.seek(text,text,timestamp with time zone)", "pgq.seek_tick(text,text,bigint)", "pgq.seek_start(text,text)", "pgq.seek_end(text,text)",
    "pgq.pause_consumer(text,text)", "pgq.resume_consumer(text,text)", "pgq.get_paused_consumers(text)", "pgq.get_queue_lag(text)",
    "pgq.event_retry(bigint,bigint[],integer[])",
    "pgq.get_waiting_events(text,text,bigint,integer)", "pgq.take_waiting_events(text,text,bigint[])",
    "pgq.insert_event_after(text,timestamp with time zone,text,text)",
    "pgq.insert_event_after(text,timestamp with time zone,text,text,text,text,text,text)", "pgq.cancel_delayed_event(text,bigint)",
    "pgq.get_delayed_info(text)", "pgq.maint_delayed_events()",
    "pgq.insert_event_once(text,text,interval,text,text)", "pgq.insert_event_once(text,text,interval,text,text,text,text,text,text)",
    "pgq.maint_event_keys()",
    "pgq.begin_attempt(bigint,text)", "pgq.mark_attempt(bigint,text,bigint)", "pgq.leave_attempt(bigint,text)"}

NEW_TABLES = {"attempt", "delayed_event", "event_key"}
NEW_COLUMNS = {("subscription", "sub_paused")}


def public_names(rows):
    """Without the helpers, whose names begin with an underscore, but with the one that was there before."""
    return [row for row in rows if not row[0].startswith("pgq._") or row[0].startswith("pgq._grant_perms_from(")]


def test_functions_are_those_of_debian(db, debian_db):
    ours = {row[0]: row for row in public_names(db.sql(FUNCTIONS))}
    theirs = {row[0]: row for row in debian_db.sql(FUNCTIONS)}
    assert len(theirs) == 51
    assert set(ours) - set(theirs) == NEW_FUNCTIONS
    different = {name: (theirs[name], ours.get(name)) for name in theirs if ours.get(name) != theirs[name]}
    assert different == {}


def test_rights_on_functions_are_those_of_debian(db, debian_db):
    ours = {name: rights for name, rights in public_names(db.sql(RIGHTS)) if name not in NEW_FUNCTIONS}
    assert ours == dict(debian_db.sql(RIGHTS))


def test_helpers_are_not_for_everybody(db):
    granted = {name: rights for name, rights in db.sql(RIGHTS) if name.startswith("pgq._")}
    assert not [name for name, rights in granted.items() if "public EXECUTE" in rights]


def test_functions_that_run_as_their_owner_pin_search_path(db):
    loose = db.sql("select oid::regprocedure::text from pg_proc where pronamespace = 'pgq'::regnamespace and prosecdef"
                   " and prolang <> (select oid from pg_language where lanname = 'c')"
                   " and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)")
    assert loose == []


def test_tables_with_a_queue_are_those_of_debian(db, debian_db):
    for database in (db, debian_db):
        database.sql("select pgq.create_queue('q')")

    def is_new(row):
        table = row[0].removeprefix("pgq.")
        return table in NEW_TABLES or table == "delayed_event_de_id_seq" or row[:2] in list(NEW_COLUMNS)

    for query in (COLUMNS, CONSTRAINTS, INDEXES, SEQUENCES, TABLE_RIGHTS, EVENT_TABLE_OPTIONS, PARENTS):
        assert [row for row in db.sql(query) if not is_new(row)] == debian_db.sql(query)


def test_new_columns_come_last(db):
    for table, column in NEW_COLUMNS:
        last = db.value("select attname from pg_attribute where attrelid = ('pgq.' || %s)::regclass order by attnum desc limit 1", table)
        assert last == column


def test_roles_are_those_of_debian(db, debian_db):
    query = ("select rolname, rolcanlogin, rolinherit, rolsuper,"
             " array(select roleid::regrole::text from pg_auth_members where member = r.oid order by 1)"
             " from pg_roles r where rolname like 'pgq\\_%' order by 1")
    ours = db.sql(query)
    assert [row[0] for row in ours] == ["pgq_admin", "pgq_reader", "pgq_writer"]
    assert ours == debian_db.sql(query)


def test_dump_takes_tables_and_all_sequences(db, debian_db):
    query = "select unnest(extconfig)::regclass::text, unnest(extcondition) from pg_extension where extname = 'pgq' order by 1"
    added = set(db.sql(query)) - set(debian_db.sql(query))
    assert added == {(f"pgq.{name}", "") for name in ("queue_queue_id_seq", "consumer_co_id_seq", "subscription_sub_id_seq",
                                                       "delayed_event", "delayed_event_de_id_seq", "event_key")}
    assert set(debian_db.sql(query)) <= set(db.sql(query))


def test_version(db):
    assert db.value("select pgq.version()") == "4.0"
    assert db.value("select pgq.upgrade_schema()") == 0


def test_schema_usage_and_script_guard(db, debian_db):
    query = "select nspacl::text from pg_namespace where nspname = 'pgq'"
    assert db.value(query) == debian_db.value(query)
    said = db.server.psql("-f", db.server.tree / "share/extension/pgq--4.0.sql", dbname="postgres")
    assert said.startswith('Use "create extension pgq"')
    assert db.server.execute("select to_regnamespace('pgq')") == [(None,)]
