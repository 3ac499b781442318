"""One queue `q` with one consumer `c`: made ready, ticked, rotated and read to its end."""


def prepared(database):
    database.sql("select pgq.create_queue('q')")
    database.sql("select pgq.register_consumer('q', 'c')")
    return database


def tick(database):
    database.sql("select pgq.force_tick('q')")
    assert database.value("select pgq.ticker('q')")


def delivered(database, consumer="c"):
    types = []
    while batch := database.value("select pgq.next_batch('q', %s)", consumer):
        types += [row[0] for row in database.sql("select ev_type from pgq.get_batch_events(%s)", batch)]
        database.sql("select pgq.finish_batch(%s)", batch)
    return types


def rotate(database):
    database.sql("update pgq.queue set queue_switch_time = '2000-01-01'")
    before = database.value("select pgq.current_event_table('q')")
    database.sql("select pgq.maint_rotate_tables_step1('q')")
    database.sql("select pgq.maint_rotate_tables_step2()")
    return database.value("select pgq.current_event_table('q')") != before
