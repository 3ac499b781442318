"""A database with a past: what the tests of upgrades and dumps have to keep."""

TABLES = ("consumer", "queue", "tick", "subscription", "retry_queue", "event_template")

FILL = """
select pgq.create_queue('q');
select pgq.create_queue('external');
select pgq.set_queue_config('external', 'external_ticker', 'true');
select pgq.create_queue('empty');
select pgq.set_queue_config('q', 'ticker_max_count', '7');
select pgq.register_consumer('q', 'open');
select pgq.register_consumer('q', 'idle');
select pgq.register_consumer('external', 'open');
create table captured (id integer primary key, v text);
create trigger to_json after insert or update or delete on captured for each row execute function pgq.jsontriga('q');
create trigger to_url after insert or update or delete on captured for each row execute function pgq.logutriga('q');
create trigger to_sql after insert or update or delete on captured for each row execute function pgq.sqltriga('q');
select pgq.insert_event('q', 'first', 'one');
select pgq.insert_event('q', 'first', 'two', 'e1', 'e2', 'e3', 'e4');
insert into captured values (1, 'before');
"""


def fill(database):
    """Queues, consumers, a batch that is open, an event that waits for its retry, events behind, one rotation behind all that."""
    for statement in FILL.strip().split(";\n"):
        database.sql(statement)
    database.sql("select pgq.force_tick('q')")
    database.sql("select pgq.ticker('q')")
    assert database.value("select pgq.next_batch('q', 'open')") == 1
    assert database.value("select pgq.event_retry(1, 2, 0)") == 1
    database.sql("select pgq.insert_event('q', 'behind', 'three')")
    database.sql("select pgq.ticker('external', 20, now(), 200)")


def contents(database):
    """Everything in the extension's tables, and where the sequences are."""
    kept = {table: database.sql(f"select t.* from pgq.{table} t order by t::text") for table in TABLES}
    names = database.sql("select oid::regclass::text from pg_class where relkind = 'S' and relnamespace = 'pgq'::regnamespace order by 1")
    return {**kept, **{name: database.sql(f"select last_value, is_called from {name}") for name, in names}}


def as_before(after, before):
    """Without the columns that an older version does not have; they come last and are empty."""
    def cut(rows, width):
        assert all(value is None for row in rows for value in row[width:])
        return [row[:width] for row in rows]

    return {name: cut(rows, len(before[name][0])) if before.get(name) else rows for name, rows in after.items() if name in before}


def work_on(database):
    """What was left open goes on, and new work is possible."""
    rows = database.sql("select ev_id, ev_type, ev_data, ev_extra4 from pgq.get_batch_events(1)")
    assert rows[:2] == [(1, "first", "one", None), (2, "first", "two", "e4")]
    assert len(rows) == 5
    assert database.value("select pgq.finish_batch(1)") == 1
    assert database.value("select pgq.maint_retry_events()") == 1
    database.sql("insert into captured values (2, 'after')")
    assert len(database.value("select pgq.insert_events('q', '{a,b}', '{1,2}')")) == 2
    database.sql("select pgq.force_tick('q')")
    assert database.value("select pgq.ticker('q')") == 3
    assert database.value("select pgq.next_batch('q', 'open')") == 2
    # The one aside keeps its id and so comes first; three triggers wrote one each.
    types = [row[0] for row in database.sql("select ev_type from pgq.get_batch_events(2)")]
    assert types[:2] == ["first", "behind"] and len(types) == 7
    assert database.value("select pgq.create_queue('new')") == 1
    assert database.value("select pgq.register_consumer('new', 'fresh')") == 1
    assert database.value("select pgq.seek('q', 'idle', now())") == 3
    assert database.value("select pgq.ticker()") >= 1
    assert database.value("select pgq.drop_queue('empty')") == 1
