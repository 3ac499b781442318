"""What a crash of the server may take back, and what not."""


def test_a_tick_that_was_handed_out_survives_a_crash(own_server, own_db):
    # Nothing but a commit that waits brings the log to the disk.
    own_server.execute("alter system set wal_writer_delay = '10s'")
    own_server.execute("alter system set wal_writer_flush_after = '1GB'")
    own_server.execute("select pg_reload_conf()")
    own_db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    cursor = own_db.connect().cursor()
    cursor.execute("set synchronous_commit = off")
    cursor.execute("select pgq.insert_event('q', 'type', 'data')")
    cursor.execute("select ticked from (select set_config('synchronous_commit', 'off', true)) s, pgq.tick_pending('{q}')")
    assert cursor.fetchall() == [(True,)]
    cursor.execute("select batch_id, cur_tick_id from pgq.next_batch_info('q', 'c')")
    handed_out = cursor.fetchone()
    own_server.kill9()
    own_db.close()
    own_server.start()
    assert own_db.sql("select batch_id, cur_tick_id from pgq.next_batch_info('q', 'c')") == [handed_out]
    assert own_db.value("select count(*) from pgq.tick where tick_id = %s", handed_out[1]) == 1
