"""pgq.insert_event and its kin: what they store, refuse and count, and the ways around the short path."""
import pytest

COLUMNS = "ev_id, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4"


def stored(capture):
    rows = capture.sql(f"select {COLUMNS} from pgq.event_template order by ev_id")
    capture.sql("delete from pgq.event_template")
    return rows


def outcome(capture, statement):
    try:
        return capture.sql(statement)
    except Exception as error:  # pylint: disable=broad-except
        return type(error).__name__, error.diag.sqlstate, error.diag.message_primary


STATEMENTS = [
    "select pgq.insert_event('q', 'type', 'data')", "select pgq.insert_event('q', null, null)",
    "select pgq.insert_event('q', 't', 'd', '1', null, '3', '4')",
    "select pgq.insert_event_raw('q', 77, '2020-01-01', 5, 6, 't', 'd', null, '2', null, null)",
    "select pgq.insert_event_raw('q', null, null, null, null, null, null, null, null, null, null)",
    "select pgq.insert_event('q', 't', repeat('long ', 30000))", "select pgq.insert_event('nope', 't', 'd')", "select pgq.insert_event('', 't', 'd')",
    "select pgq.insert_event(null, 't', 'd')", "select pgq.insert_event(null, 't', 'd', '1', '2', '3', '4')",
    "select pgq.insert_event_raw(null, 1, now(), 1, 1, 't', 'd', '1', '2', '3', '4')",
    "update pgq.queue set queue_disable_insert = true; select pgq.insert_event('q', 't', 'd')",
    "set session_replication_role = local; update pgq.queue set queue_disable_insert = true; select pgq.insert_event('q', 't', 'd')",
    "set session_replication_role = replica; update pgq.queue set queue_disable_insert = true; select pgq.insert_event('q', 't', 'd');"
    " set session_replication_role = origin; update pgq.queue set queue_disable_insert = false",
    "update pgq.queue set queue_per_tx_limit = 2; select pgq.insert_event('q', 't', i::text) from generate_series(1, 2) i",
    "update pgq.queue set queue_per_tx_limit = 2; select pgq.insert_event('q', 't', i::text) from generate_series(1, 3) i",
    "update pgq.queue set queue_per_tx_limit = 0; select pgq.insert_event('q', 't', 'd')",
    "update pgq.queue set queue_per_tx_limit = -1; select pgq.insert_event('q', 't', 'd')",
    "set default_transaction_read_only = on; select pgq.insert_event('q', 't', 'd')", "reset default_transaction_read_only",
    "set transaction read only; select pgq.insert_event('q', 't', 'd')",
]


def test_every_call_does_as_with_debians_extension(both):
    def run(capture):
        capture.sql("set client_min_messages = error")
        seen = []
        for statement in STATEMENTS:
            seen.append((statement, outcome(capture, statement), stored(capture) if "read_only" not in statement else None))
            if "disable" in statement:  # where it is refused, ours takes no number from the sequence
                capture.sql("select setval('pgq.event_1_id_seq', 1000)")
        return seen

    mine, theirs = map(run, both)
    for one, other in zip(mine, theirs):
        assert one == other


def test_txid_and_time_are_those_of_the_transaction(ours):
    with ours.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("savepoint s; select pgq.insert_event('q', 't', 'd'); release savepoint s")
        cursor.execute("select ev_txid = txid_current(), ev_time = now() from pgq.event_template")
        assert cursor.fetchone() == (True, True)


def test_limit_counts_per_transaction_and_not_back_at_savepoints(both):
    for capture in both:
        capture.sql("update pgq.queue set queue_per_tx_limit = 3")
        with capture.connect(autocommit=False) as connection, connection.cursor() as cursor:
            for _ in range(2):
                cursor.execute("select pgq.insert_event('q', 't', 'd'), pgq.insert_event('q', 't', 'd'), pgq.insert_event('q', 't', 'd')")
                connection.commit()
            cursor.execute("savepoint s; select pgq.insert_event('q', 't', 'd'), pgq.insert_event('q', 't', 'd'); rollback to s")
            cursor.execute("select pgq.insert_event('q', 't', 'd')")
            with pytest.raises(Exception, match="Queue 'q' allows max 3 events from one TX"):
                cursor.execute("select pgq.insert_event('q', 't', 'd')")
            connection.rollback()
        assert capture.value("select count(*) from pgq.event_template") == 6


def test_bulk_insert_keeps_order_and_is_all_or_nothing(ours):
    ids = ours.value("select pgq.insert_events('q', %s, %s)", ["a", None, "c"], ["1", "2", None])
    assert ids == sorted(ids) and len(ids) == 3
    assert ours.sql("select ev_id, ev_type, ev_data, ev_txid > 0, ev_time is not null from pgq.event_template order by ev_id") == [
        (ids[0], "a", "1", True, True), (ids[1], None, "2", True, True), (ids[2], "c", None, True, True)]
    ours.events()
    assert ours.value("select pgq.insert_events('q', '{}', '{}')") == []
    many = 2345
    ids = ours.value("select pgq.insert_events('q', array_agg('t' || i order by i), array_agg(repeat('d', i) order by i))"
                     f" from generate_series(1, {many}) i")
    assert ours.sql("select array_agg(ev_id order by ev_id), array_agg(ev_type order by ev_id), sum(length(ev_data)) from pgq.event_template") == [
        (ids, [f"t{i}" for i in range(1, many + 1)], many * (many + 1) // 2)]
    ours.events()
    assert ours.error("select pgq.insert_events('q', '{a,b}', '{c}')") == "types and data must have the same length, not 2 and 1"
    assert ours.error("select pgq.insert_events('q', null, '{c}')") == "types must not be null"
    assert ours.error("select pgq.insert_events('q', '{a}', null)") == "data must not be null"
    assert ours.error("select pgq.insert_events('q', '{{a}}', '{{c}}')") == "types must be a one-dimensional array"
    assert ours.error("select pgq.insert_events('nope', '{a}', '{b}')") == "No such queue"
    assert ours.error("select pgq.insert_events(null, '{a}', '{b}')") == "Queue name must not be NULL"
    ours.sql("update pgq.queue set queue_per_tx_limit = 2")
    assert ours.error("select pgq.insert_events('q', '{a,b,c}', '{a,b,c}')") == "Queue 'q' allows max 2 events from one TX"
    assert ours.events() == []
    assert len(ours.value("select pgq.insert_events('q', '{a,b}', '{a,b}')")) == 2


def test_queue_changes_are_seen_at_once(ours):
    ours.sql("select pgq.insert_event('q', 't', '1')")
    other = ours.connect().cursor()
    other.execute("update pgq.queue set queue_disable_insert = true")
    assert ours.error("select pgq.insert_event('q', 't', '2')") == "Insert into queue disallowed"
    other.execute("update pgq.queue set queue_disable_insert = false")
    other.execute("vacuum full pgq.queue")
    ours.sql("select pgq.insert_event('q', 't', '3')")
    other.execute("select pgq.drop_queue('q')")
    assert ours.error("select pgq.insert_event('q', 't', '4')") == "No such queue"
    other.execute("vacuum pgq.queue")
    assert ours.error("select pgq.insert_event('q', 't', '4')") == "No such queue"
    other.execute("select pgq.create_queue('q')")
    ours.sql("select pgq.insert_event('q', 't', '5')")
    assert ours.sql("select ev_data, tableoid::regclass::text from pgq.event_template") == [("5", "pgq.event_2_0")]


def test_queue_made_changed_and_dropped_in_the_same_transaction(ours):
    with ours.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("select pgq.create_queue('new'); select pgq.insert_event('new', 't', '1'); savepoint s;"
                       "update pgq.queue set queue_per_tx_limit = 0 where queue_name = 'new'")
        with pytest.raises(Exception, match="allows max 0 events"):
            cursor.execute("select pgq.insert_event('new', 't', '2')")
        cursor.execute("rollback to s; select pgq.insert_event('new', 't', '3')")
        cursor.execute("savepoint s; select pgq.drop_queue('new', true); savepoint d")
        with pytest.raises(Exception, match="No such queue"):
            cursor.execute("select pgq.insert_event('new', 't', '4')")
        cursor.execute("rollback to s; select pgq.insert_event('new', 't', '5')")
        connection.rollback()
        with pytest.raises(Exception, match="No such queue"):
            cursor.execute("select pgq.insert_event('new', 't', '6')")
        connection.rollback()
        cursor.execute("select pgq.create_queue('new'); select pgq.insert_event('new', 't', '7')")
        cursor.execute("select ev_data from pgq.event_template")
        assert cursor.fetchall() == [("7",)]
    assert ours.error("with gone as (delete from pgq.queue where queue_name = 'q' returning 1)"
                      " select pgq.insert_event('q', 't', count(*)::text) from gone") in ("Queue fetch failed", "No such queue")


def test_recreated_extension_is_found_again(ours):
    ours.sql("select pgq.insert_event('q', 't', '1')")
    ours.sql("drop extension pgq cascade; create extension pgq; select pgq.create_queue('q')")
    ours.sql("select pgq.insert_event('q', 't', '2')")
    assert ours.value("select ev_data from pgq.event_template") == "2"


# What is done to the event table, here {table}; then a few events are inserted.
ODD_TABLES = {
    "trigger": "create trigger note before insert on {table} for each row execute function public.note()",
    "check": "alter table {table} add check (ev_data <> 'bad')",
    "not null": "alter table {table} alter ev_data set not null",
    "more columns": "alter table {table} add column more text default 'm', add column computed text generated always as (ev_data || '!') stored",
    "expression index": "create index on {table} (upper(ev_data))",
    "partial unique index": "create unique index on {table} (ev_data) where ev_data is not null",
    "unique index": "create unique index on {table} (ev_id)",
    "gin index": "create index on {table} using gin (to_tsvector('simple', ev_data))",
    "other default": "alter table {table} alter ev_txid set default 42",
    "row security": "alter table {table} enable row level security, force row level security",
    "rule": "create rule note as on insert to {table} do also insert into public.seen values (new.ev_data)",
    "dropped and added column": "alter table pgq.event_template drop column ev_extra4 cascade; alter table pgq.event_template add column ev_extra4 text",
}
SEEN = """
create table public.seen (d text);
create function public.note() returns trigger language plpgsql as $$ begin insert into public.seen values (new.ev_data); return new; end $$;
"""


def odd_table(capture, kind):
    queue = f"queue with {kind}"
    capture.sql("select pgq.create_queue(%s)", queue)
    table = capture.value("select queue_data_pfx || '_0' from pgq.queue where queue_name = %s", queue)
    capture.sql(f"select pgq.insert_event('{queue}', 't', 'first')")
    capture.sql(ODD_TABLES[kind].format(table=table))
    seen = [outcome(capture, f"select pgq.insert_event('{queue}', 't', {value}, '1', '2', '3', '4')") for value in ("'one'", "'bad'", "null", "'one'")]
    columns = ", more, computed" if kind == "more columns" else ""
    return seen, capture.sql(f"select ev_id, ev_type, ev_data, ev_extra4, ev_txid = 42 {columns} from {table} order by ev_id")


def test_tables_that_ask_for_more_get_it_as_with_debians_extension(both):
    for capture in both:
        capture.sql(SEEN)
    for kind in ODD_TABLES:
        mine, theirs = (odd_table(capture, kind) for capture in both)
        assert (kind, mine) == (kind, theirs)
    mine, theirs = (capture.sql("select d from public.seen order by d nulls last") for capture in both)
    assert mine == theirs and len(mine) == 8


def test_bulk_insert_takes_the_long_way_too(ours):
    ours.sql(SEEN + ODD_TABLES["trigger"].format(table="pgq.event_1_0"))
    assert len(ours.value("select pgq.insert_events('q', '{a,b}', '{c,d}')")) == 2
    assert ours.sql("select * from public.seen") == [("c",), ("d",)]


def test_code_on_an_event_table_does_not_search_the_callers_path(ours):
    ours.sql("create function public.path() returns trigger language plpgsql as"
             " $$ begin new.ev_extra1 := current_setting('search_path'); return new; end $$;"
             "create trigger path before insert on pgq.event_1_0 for each row execute function public.path()")
    ours.sql("set search_path to public; select pgq.insert_event('q', 't', 'd')")
    assert ours.value("select ev_extra1 from pgq.event_1_0") == "pg_catalog, pg_temp"
    assert ours.value("show search_path") == "public"


def test_other_rights_than_the_owners_are_checked(server, both):
    for capture in both:
        capture.db.server.execute("drop role if exists raw_user; create role raw_user")
        try:
            capture.sql("grant execute on function pgq.insert_event_raw(text, bigint, timestamptz, int, int, text, text, text, text, text, text)"
                        " to raw_user")
            raw = "select pgq.insert_event_raw('q', null, null, null, null, 't', 'd', null, null, null, null)"
            steps = []
            for grant in (None, "usage on sequence pgq.event_1_id_seq", "insert on pgq.event_1_0"):
                if grant:
                    capture.sql(f"grant {grant} to raw_user")
                capture.sql("set role raw_user")
                steps.append(outcome(capture, raw))
                steps.append(outcome(capture, "select pgq.insert_event('q', 't', 'd')")[2])
                capture.sql("reset role")
            assert [step[2] if len(step) == 3 else step for step in steps[::2]][:2] == [
                "permission denied for sequence event_1_id_seq", "permission denied for table event_1_0"]
            assert steps[4] and len(steps[4]) == 1
            assert set(steps[1::2]) == {"permission denied for function insert_event"}
            capture.sql("revoke insert on pgq.event_1_0 from raw_user; set role raw_user")
            assert capture.error(raw) == "permission denied for table event_1_0"
            capture.sql("reset role; grant pgq_writer to raw_user; set role raw_user; select pgq.insert_event('q', 't', 'd');"
                        "select pgq.insert_event('q', 't', 'd', null, null, null, null)")
        finally:
            capture.sql("reset role; drop owned by raw_user")
            capture.db.server.execute("drop role raw_user")


REPLACED = """
create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text,
                                            ev_extra4 text)
returns bigint language plpgsql as $$ begin insert into seen values (queue_name, ev_type, ev_data, ev_extra1); return 17; end $$
"""


def test_replaced_insert_event_is_called_by_triggers_and_by_the_short_form(both):
    for capture in both:
        capture.sql("create table seen (q text, t text, d text, e text); create table t (id integer primary key)")
        original = capture.value("select pg_get_functiondef('pgq.insert_event(text,text,text,text,text,text,text)'::regprocedure)")
        capture.trigger("t", "logutriga")
        capture.sql("insert into t values (1)")
        capture.sql(REPLACED)
        capture.sql("insert into t values (2)")
        assert capture.value("select pgq.insert_event('q', 'x', 'y')") == 17
        assert capture.sql("select * from seen") == [("q", "I:id", "id=2", "public.t"), ("q", "x", "y", None)]
        capture.sql(original)
        capture.sql("insert into t values (3)")
        assert [event[1] for event in capture.events()] == ["id=1", "id=3"]
        other = capture.connect().cursor()
        other.execute(REPLACED)
        capture.sql("insert into t values (4)")
        assert capture.value("select count(*) from seen") == 3
        other.execute("drop extension pgq cascade")
        capture.sql("insert into t values (5)")


def test_sql_function_around_the_raw_one_is_honoured(ours):
    ours.sql("""create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text,
                                                            ev_extra3 text, ev_extra4 text)
                returns bigint language sql security definer as $$
                select pgq.insert_event_raw($1, null, now(), null, null, $2, upper($3), $4, $5, $6, $7) $$;
                create table t (id integer primary key, v text)""")
    ours.trigger("t", "jsontriga")
    assert ours.data("insert into t values (1, 'x')") == [
        ('{"op":"INSERT","table":["public","t"],"pkey":["id"]}', '{"ID":1,"V":"X"}')]
