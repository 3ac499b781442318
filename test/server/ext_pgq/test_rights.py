"""Who may do what, and that nobody gets at an owner's rights by names of his own."""
import psycopg2.errors
import pytest


@pytest.fixture
def acting(q):
    """acting(role) -> a connection with the rights of a new role that is a member of `role`."""
    made = []

    def connect(role=None):
        name = f"user_{q.name}_{len(made)}"
        q.sql(f"create role {name}" + (f" in role {role}" if role else ""))
        made.append(name)
        connection = q.connect()
        connection.cursor().execute(f"set role {name}")
        return connection

    yield connect
    for name in made:
        q.sql(f"drop owned by {name}")
        q.sql(f"drop role {name}")


def run(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_a_consumer_needs_pgq_reader(q, acting):
    reader, nobody = acting("pgq_reader"), acting()
    q.sql("select pgq.insert_event('q', 'type', 'data')")
    q.sql("select pgq.force_tick('q')")
    q.sql("select pgq.ticker('q')")
    assert run(reader, "select pgq.next_batch('q', 'c')") == [(1,)]
    assert run(reader, "select ev_type from pgq.get_batch_events(1)") == [("type",)]
    assert run(reader, "select pgq.event_retry(1, 1, 60), pgq.finish_batch(1)") == [(1, 1)]
    assert run(reader, "select pgq.seek('q', 'c', now())") == [(2,)]
    for call in ("pgq.next_batch('q', 'c')", "pgq.finish_batch(1)", "pgq.seek('q', 'c', now())"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(nobody, f"select {call}")
    assert run(nobody, "select queue_name from pgq.get_queue_info()") == [("q",)]
    assert run(nobody, "select consumer_name from pgq.get_consumer_info()") == [("c",)]


def test_a_producer_needs_pgq_writer(q, acting):
    writer, reader = acting("pgq_writer"), acting("pgq_reader")
    assert run(writer, "select pgq.insert_event('q', 'type', 'data')") == [(1,)]
    assert run(writer, "select pgq.insert_events('q', '{a,b}', '{c,d}')") == [([2, 3],)]
    assert run(writer, "select pgq.current_event_table('q')") == [("pgq.event_1_0",)]
    for call in ("pgq.insert_event('q', 'type', 'data')", "pgq.insert_events('q', '{a}', '{b}')", "pgq.current_event_table('q')"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(reader, f"select {call}")


def test_what_is_new_is_for_those_who_may_do_the_like(q, acting):
    reader, writer, nobody, admin = acting("pgq_reader"), acting("pgq_writer"), acting(), acting("pgq_admin")
    readers = ["pgq.seek_tick('q', 'c', 1)", "pgq.seek_start('q', 'c')", "pgq.seek_end('q', 'c')", "pgq.pause_consumer('q', 'c')",
               "pgq.resume_consumer('q', 'c')", "pgq.get_waiting_events('q', 'c', null, null)", "pgq.take_waiting_events('q', 'c', null)"]
    writers = ["pgq.insert_event_after('q', now(), 't', 'd')", "pgq.insert_event_after('q', now(), 't', 'd', '', '', '', '')",
               "pgq.cancel_delayed_event('q', 1)", "pgq.insert_event_once('q', 'a', '1 hour', 't', 'd')",
               "pgq.insert_event_once('q', 'b', '1 hour', 't', 'd', '', '', '', '')"]
    admins = ["pgq.maint_delayed_events()", "pgq.maint_event_keys()"]
    everybody = ["pgq.get_queue_lag('q')", "pgq.get_delayed_info(null)", "pgq.get_paused_consumers(null)"]
    allowed = {reader: readers + everybody, writer: writers + everybody, nobody: everybody,
               admin: readers + writers + admins + everybody + ["pgq.maint_retry_events()"]}
    for connection, calls in allowed.items():
        for call in calls:
            run(connection, f"select {call}")
        for call in set(readers + writers + admins) - set(calls):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(connection, f"select {call}")
    for table in ("delayed_event", "event_key"):
        run(admin, f"select from pgq.{table}")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(writer, f"select from pgq.{table}")


def test_pgq_admin_runs_the_daemon(q, acting):
    admin = acting("pgq_admin")
    assert run(admin, "select pgq.create_queue('made'), pgq.register_consumer('made', 'c')") == [(1, 1)]
    assert run(admin, "select pgq.ticker()") == [(2,)]
    q.sql("select pgq.event_retry_raw('q', 'c', now() - interval '1 second', 1, now(), 1, 't', 'd', null, null, null, null)")
    assert run(admin, "select pgq.maint_retry_events()") == [(1,)]
    run(admin, "update pgq.queue set queue_switch_time = '2000-01-01', queue_rotation_period = '0' returning 1")
    operations = run(admin, "select func_name, func_arg from pgq.maint_operations()")
    assert operations == [("pgq.maint_rotate_tables_step1", "made"), ("pgq.maint_rotate_tables_step1", "q"),
                          ("pgq.maint_rotate_tables_step2", None)]
    for name, argument in operations:
        assert run(admin, f"select {name}({repr(argument) if argument else ''})") == [(0,)]
    assert run(admin, "select pgq.rebase_queue('made'), pgq.drop_queue('made', true)") == [(0, 1)]
    begun = q.connect(autocommit=False)
    begun.cursor().execute("set transaction isolation level repeatable read; select pgq.maint_rotate_tables_step1('q')")
    begun.rollback()


def test_names_of_a_caller_are_not_run_by_the_owner(q, acting):
    """A function and an operator that would be found first, if the path of the caller were searched."""
    caller = acting("pgq_admin")
    caller_name = run(caller, "select current_user")[0][0]
    q.sql(f"create schema trap authorization {caller_name}")
    run(caller, """
        create function trap.steal() returns boolean language plpgsql as
            $$begin raise exception 'caught as %', current_user; end$$;
        create function trap.eq(text, text) returns boolean language sql as $$select trap.steal()$$;
        create operator trap.= (function = trap.eq, leftarg = text, rightarg = text);
        create function trap.now() returns timestamptz language sql as $$select case when trap.steal() then null::timestamptz end$$;
        create function trap.nextval(text) returns bigint language sql as $$select case when trap.steal() then 1 end$$;
        create function trap.quote_ident(text) returns text language sql as $$select case when trap.steal() then '' end$$;
        set search_path = trap, pg_catalog; select 1""")
    with pytest.raises(psycopg2.errors.RaiseException, match="caught as"):
        run(caller, "select 'a'::text = 'a'::text")
    for call in ("pgq.create_queue('other')", "pgq.register_consumer('other', 'c')", "pgq.insert_event('q', 't', 'd')",
                 "pgq.insert_events('q', '{t}', '{d}')", "pgq.force_tick('q')", "pgq.ticker('q')", "pgq.ticker()",
                 "pgq.next_batch_custom('q', 'c', null, null, null)", "pgq.get_batch_info(1)", "pgq.event_retry(1, 1, now())",
                 "pgq.event_retry(1, '{1}'::bigint[], '{0}'::integer[])", "pgq.batch_retry(1, 0)", "pgq.finish_batch(1)", "pgq.seek('q', 'c', 'infinity')",
                 "pgq.seek_start('q', 'c')", "pgq.seek_end('q', 'c')", "pgq.pause_consumer('q', 'c')", "pgq.resume_consumer('q', 'c')",
                 "pgq.get_delayed_info('q')", "pgq.get_paused_consumers('q')",
                 "pgq.insert_event_after('q', now(), 't', 'd')", "pgq.cancel_delayed_event('q', 1)",
                 "pgq.insert_event_once('q', 'k', '1 hour', 't', 'd')", "pgq.get_waiting_events('q', 'c', null, 5)",
                 "pgq.take_waiting_events('q', 'c', '{1}')", "pgq.take_waiting_events('q', 'c', null)",
                 "pgq.event_retry_raw('q', 'c', now(), 9, now(), 1, 't', 'd', null, null, null, null)",
                 "pgq.set_queue_config('q', 'ticker_paused', 'false')", "pgq.grant_perms('q')", "pgq.get_consumer_info('q', 'c')",
                 "pgq.unregister_consumer('other', 'c')", "pgq.drop_queue('other', true)"):
        run(caller, f"select {call.replace('now()', 'pg_catalog.now()')}")
