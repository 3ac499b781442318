"""Error texts and codes, warnings and empty answers on bad input: those of Debian, to the letter."""
import psycopg2
import pytest

SETUP = [
    "select pgq.create_queue('q')",
    "select pgq.create_queue('external')",
    "select pgq.set_queue_config('external', 'external_ticker', 'true')",
    "select pgq.create_queue('paused')",
    "select pgq.set_queue_config('paused', 'ticker_paused', 'true')",
    "select pgq.create_queue('disabled')",
    "update pgq.queue set queue_disable_insert = true where queue_name = 'disabled'",
    "select pgq.create_queue('limited')",
    "update pgq.queue set queue_per_tx_limit = 1 where queue_name = 'limited'",
    "select pgq.create_queue('no ticks')",
    "delete from pgq.tick where tick_queue = (select queue_id from pgq.queue where queue_name = 'no ticks')",
    "select pgq.register_consumer('q', 'c')",
    "select pgq.create_queue('broken')",
    "select pgq.register_consumer('broken', 'c')",
    "delete from pgq.tick where tick_queue = (select queue_id from pgq.queue where queue_name = 'broken')",
    "create table noted (note text)",
]

STATEMENTS = [
    "select pgq.create_queue(null)",
    "select pgq.create_queue('q')",
    "select pgq.drop_queue(null)",
    "select pgq.drop_queue(null, false)",
    "select pgq.drop_queue('none')",
    "select pgq.drop_queue('none', true)",
    "select pgq.drop_queue('q')",
    "select pgq.set_queue_config(null, 'ticker_max_lag', '1 s')",
    "select pgq.set_queue_config('q', null, '1 s')",
    "select pgq.set_queue_config('none', 'ticker_max_lag', '1 s')",
    "select pgq.set_queue_config('q', 'none', '1 s')",
    "select pgq.set_queue_config('q', 'queue_ticker_max_lag', '1 s')",
    "select pgq.set_queue_config('q', 'ticker_max_lag', null)",
    "select pgq.set_queue_config('q', 'ticker_max_lag', 'abc')",
    "select pgq.set_queue_config('q', 'ticker_max_count', 'abc')",
    "select pgq.set_queue_config('q', 'ticker_paused', 'abc')",
    "select pgq.set_queue_config('q', 'ticker_max_count', '-1')",
    "select pgq.tune_storage(null)",
    "select pgq.tune_storage('none')",
    "select pgq.tune_storage('q')",
    "select pgq.grant_perms('none')",
    "select pgq.grant_perms(null)",
    "select pgq.grant_perms('q')",
    "select pgq._grant_perms_from('pgq', 'event_template', 'public', 'noted')",
    "select pgq.quote_fqname('a.b.c')",
    "select pgq.quote_fqname('Foo')",
    "select pgq.quote_fqname('')",
    "select pgq.quote_fqname('a.')",
    "select pgq.quote_fqname(null)",
    "select pgq.seq_getval('none')",
    "select pgq.seq_getval('pgq.event_1_id_seq')",
    "select pgq.seq_setval('pgq.none', 5)",
    "select pgq.seq_setval('pgq.event_1_id_seq', 5)",
    "select pgq.seq_setval('pgq.event_1_id_seq', 3)",
    "select pgq.seq_setval('pgq.event_1_id_seq', null)",
    "select pgq.insert_event('none', 't', 'd')",
    "select pgq.insert_event(null, 't', 'd')",
    "select pgq.insert_event(null, 't', 'd', null, null, null, null)",
    "select pgq.insert_event('disabled', 't', 'd')",
    "select pgq.insert_event('limited', 't', 'd') from generate_series(1, 2)",
    "select pgq.insert_event('limited', 't', 'd')",
    "select pgq.insert_event('q', null, null)",
    "select pgq.insert_event_raw('none', null, null, null, null, null, null, null, null, null, null)",
    "select pgq.insert_event_raw(null, null, null, null, null, null, null, null, null, null, null)",
    "select pgq.insert_event_raw('q', 77, null, null, null, null, null, null, null, null, null)",
    "select pgq.current_event_table('none')",
    "select pgq.current_event_table(null)",
    "select pgq.current_event_table('disabled')",
    "select pgq.current_event_table('q')",
    "select pgq.register_consumer('none', 'c')",
    "select pgq.register_consumer(null, 'c')",
    "select pgq.register_consumer('q', null)",
    "select pgq.register_consumer('q', 'c')",
    "select pgq.register_consumer('no ticks', 'c')",
    "select pgq.register_consumer_at('q', 'c', 99)",
    "select pgq.register_consumer_at('q', 'other', 99)",
    "select pgq.register_consumer_at('none', 'c', 1)",
    "select pgq.register_consumer_at('q', 'c', 1)",
    "select pgq.register_consumer_at('q', 'second', 1)",
    "select pgq.unregister_consumer('none', 'c')",
    "select pgq.unregister_consumer('q', 'none')",
    "select pgq.unregister_consumer(null, null)",
    "select pgq.unregister_consumer('q', 'second')",
    "select pgq.next_batch('q', 'none')",
    "select pgq.next_batch('none', 'c')",
    "select pgq.next_batch(null, null)",
    "select pgq.next_batch('q', null)",
    "select pgq.next_batch('broken', 'c')",
    "select pgq.next_batch('q', 'c')",
    "select * from pgq.next_batch_info('q', 'c')",
    "select * from pgq.next_batch_custom('q', 'c', '1 hour', 10, '1 hour')",
    "select pgq.finish_batch(99)",
    "select pgq.finish_batch(null)",
    "select * from pgq.get_batch_events(99)",
    "select * from pgq.get_batch_events(null)",
    "select * from pgq.get_batch_info(99)",
    "select * from pgq.get_batch_info(null)",
    "select pgq.batch_event_sql(99)",
    "select * from pgq.batch_event_tables(99)",
    "select * from pgq.get_batch_cursor(99, 'cur', 10)",
    "select * from pgq.get_batch_cursor(null, 'cur', 10, null)",
    "select * from pgq.get_batch_cursor(99, null, 10, null)",
    "select * from pgq.get_batch_cursor(99, 'cur', null, null)",
    "select * from pgq.get_batch_cursor(99, 'cur', 10, 'ev_id = 1')",
    "select pgq.event_retry(99, 1, 10)",
    "select pgq.event_retry(99, 1, now())",
    "select pgq.event_retry(null, 1, now())",
    "select pgq.batch_retry(99, 10)",
    "select pgq.batch_retry(null, 10)",
    "select pgq.event_retry_raw('q', 'none', now(), 1, now(), 1, 't', 'd', null, null, null, null)",
    "select pgq.event_retry_raw('none', 'c', now(), 1, now(), 1, 't', 'd', null, null, null, null)",
    "select pgq.event_retry_raw('q', 'c', now(), 1000, now(), 1, 't', 'd', null, null, null, null)",
    "select pgq.event_retry_raw('q', 'c', now(), 1000, now(), 1, 't', 'd', null, null, null, null)",
    "select pgq.event_retry_raw('q', 'c', null, 1001, now(), 1, 't', 'd', null, null, null, null)",
    "select pgq.ticker('none')",
    "select pgq.ticker(null)",
    "select pgq.ticker('external')",
    "select pgq.ticker('paused')",
    "select pgq.ticker('q', 9, now(), 9)",
    "select pgq.ticker('none', 9, now(), 9)",
    "select pgq.ticker('paused', 9, now(), 9)",
    "select pgq.ticker('external', 1, now(), 1)",
    "select pgq.ticker('external', 9, now(), 9)",
    "select pgq.ticker('external', 9, now(), 9)",
    "select pgq.ticker('external', null, now(), 9)",
    "select pgq.ticker('external', 10, null, 9)",
    "select pgq.ticker('external', 10, now(), null)",
    "select pgq.force_tick('none')",
    "select pgq.force_tick(null)",
    "select pgq.force_tick('q')",
    "select pgq.force_tick('external')",
    "select pgq.find_tick_helper(1, 0, null, null, null, null)",
    "select pgq.find_tick_helper(99, 0, now(), 0, 10, '1 s')",
    "select pgq.maint_rotate_tables_step1('none')",
    "select pgq.maint_rotate_tables_step1('q')",
    "select pgq.maint_rotate_tables_step1(null)",
    "select pgq.maint_rotate_tables_step2()",
    "select pgq.maint_tables_to_vacuum()",
    "select pgq.maint_operations()",
    "select pgq.maint_retry_events()",
    "select queue_name, ev_new, last_tick_id from pgq.get_queue_info('none')",
    "select queue_name, ev_new, last_tick_id from pgq.get_queue_info(null)",
    "select queue_name, consumer_name, last_tick from pgq.get_consumer_info(null, 'none')",
    "select queue_name, consumer_name, last_tick from pgq.get_consumer_info(null, null)",
    "select pgq.insert_event_raw('q', 1)",
    "select pgq.jsontriga()",
]


def answers(database):
    connection = database.connect()
    said = []
    with connection.cursor() as cursor:
        for statement in SETUP:
            cursor.execute(statement)
        for statement in STATEMENTS:
            del connection.notices[:]
            try:
                cursor.execute(statement)
                answer = cursor.fetchall()
            except psycopg2.Error as error:
                answer = (error.pgcode, error.diag.message_primary)
            said.append((statement, answer, [notice.strip() for notice in connection.notices if notice.startswith("WARNING")]))
    return said


def test_bad_input_is_answered_as_by_debian(db, debian_db):
    different = [(ours, theirs) for ours, theirs in zip(answers(db), answers(debian_db)) if ours != theirs]
    assert not different, "\n".join(f"{ours}\n{theirs}" for ours, theirs in different)


def test_invalid_state_is_named(db, debian_db):
    """Ticks of a cluster that was further on: what a restore into a new cluster looks like."""
    for database in (db, debian_db):
        database.sql("select pgq.create_queue('q')")
        database.sql("update pgq.tick set tick_snapshot = '900000000:900000000:'")
        with pytest.raises(psycopg2.errors.RaiseException, match="Invalid PgQ state: old xmin=900000000, old xmax=900000000, cur txid="):
            database.sql("select pgq.ticker('q')")
        database.sql("update pgq.queue set queue_switch_step1 = 900000000, queue_rotation_period = '0', queue_switch_time = '2000-01-01'")
        with pytest.raises(psycopg2.errors.RaiseException, match="queue q maint failure: step1=900000000, current="):
            database.sql("select pgq.maint_rotate_tables_step1('q')")


def test_one_broken_queue_does_not_stop_the_ticker(db):
    db.sql("select pgq.create_queue('broken'), pgq.create_queue('sound')")
    db.sql("update pgq.tick set tick_snapshot = '900000000:900000000:' where tick_queue = 1")
    connection = db.connect()
    with connection.cursor() as cursor:
        cursor.execute("select pgq.ticker()")
        assert cursor.fetchall() == [(1,)]
    assert "queue broken: Invalid PgQ state" in connection.notices[-1]
    assert db.value("select last_tick_id from pgq.get_queue_info('sound')") == 2
