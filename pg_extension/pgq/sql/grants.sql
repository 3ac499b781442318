-- Who may do what. Public loses what it has by default; pgq_admin reaches the others' functions as their member.
grant usage on schema pgq to public;

revoke execute on all functions in schema pgq from public;

grant execute on function pgq.seq_getval(text) to public;
grant execute on function pgq.get_queue_info() to public;
grant execute on function pgq.get_queue_info(text) to public;
grant execute on function pgq.get_consumer_info() to public;
grant execute on function pgq.get_consumer_info(text) to public;
grant execute on function pgq.get_consumer_info(text, text) to public;
grant execute on function pgq.get_queue_lag(text) to public;
grant execute on function pgq.get_delayed_info(text) to public;
grant execute on function pgq.get_paused_consumers(text) to public;
grant execute on function pgq.quote_fqname(text) to public;
grant execute on function pgq.version() to public;

grant execute on function pgq.batch_event_sql(bigint) to pgq_reader;
grant execute on function pgq.batch_event_tables(bigint) to pgq_reader;
grant execute on function pgq.find_tick_helper(int4, bigint, timestamptz, bigint, bigint, interval) to pgq_reader;
grant execute on function pgq.register_consumer(text, text) to pgq_reader;
grant execute on function pgq.register_consumer_at(text, text, bigint) to pgq_reader;
grant execute on function pgq.seek(text, text, timestamptz) to pgq_reader;
grant execute on function pgq.seek_tick(text, text, bigint) to pgq_reader;
grant execute on function pgq.seek_start(text, text) to pgq_reader;
grant execute on function pgq.seek_end(text, text) to pgq_reader;
grant execute on function pgq.pause_consumer(text, text) to pgq_reader;
grant execute on function pgq.resume_consumer(text, text) to pgq_reader;
grant execute on function pgq.unregister_consumer(text, text) to pgq_reader;
grant execute on function pgq.next_batch_info(text, text) to pgq_reader;
grant execute on function pgq.next_batch(text, text) to pgq_reader;
grant execute on function pgq.next_batch_custom(text, text, interval, int4, interval) to pgq_reader;
grant execute on function pgq.get_batch_events(bigint) to pgq_reader;
grant execute on function pgq.get_batch_info(bigint) to pgq_reader;
grant execute on function pgq.get_batch_cursor(bigint, text, int4, text) to pgq_reader;
grant execute on function pgq.get_batch_cursor(bigint, text, int4) to pgq_reader;
grant execute on function pgq.get_waiting_events(text, text, bigint, integer) to pgq_reader;
grant execute on function pgq.take_waiting_events(text, text, bigint[]) to pgq_reader;
grant execute on function pgq.event_retry(bigint, bigint, timestamptz) to pgq_reader;
grant execute on function pgq.event_retry(bigint, bigint, integer) to pgq_reader;
grant execute on function pgq.event_retry(bigint, bigint[], integer[]) to pgq_reader;
grant execute on function pgq.batch_retry(bigint, integer) to pgq_reader;
grant execute on function pgq.force_tick(text) to pgq_reader;
grant execute on function pgq.finish_batch(bigint) to pgq_reader;
grant execute on function pgq.begin_attempt(bigint, text) to pgq_reader;
grant execute on function pgq.mark_attempt(bigint, text, bigint) to pgq_reader;
grant execute on function pgq.leave_attempt(bigint, text) to pgq_reader;

grant execute on function pgq.insert_event(text, text, text) to pgq_writer;
grant execute on function pgq.insert_event(text, text, text, text, text, text, text) to pgq_writer;
grant execute on function pgq.insert_events(text, text[], text[]) to pgq_writer;
grant execute on function pgq.insert_event_after(text, timestamptz, text, text) to pgq_writer;
grant execute on function pgq.insert_event_after(text, timestamptz, text, text, text, text, text, text) to pgq_writer;
grant execute on function pgq.cancel_delayed_event(text, bigint) to pgq_writer;
grant execute on function pgq.insert_event_once(text, text, interval, text, text) to pgq_writer;
grant execute on function pgq.insert_event_once(text, text, interval, text, text, text, text, text, text) to pgq_writer;
grant execute on function pgq.current_event_table(text) to pgq_writer;
grant execute on function pgq._check_rotation(text, integer) to pgq_writer;
grant execute on function pgq.jsontriga() to pgq_writer;
grant execute on function pgq.logutriga() to pgq_writer;
grant execute on function pgq.sqltriga() to pgq_writer;

grant execute on function pgq.ticker(text, bigint, timestamptz, bigint) to pgq_admin;
grant execute on function pgq.ticker(text) to pgq_admin;
grant execute on function pgq.ticker() to pgq_admin;
grant execute on function pgq.tick_pending(text[]) to pgq_admin;
grant execute on function pgq._check_snapshot() to pgq_admin;
grant execute on function pgq.maint_retry_events() to pgq_admin;
grant execute on function pgq.maint_delayed_events() to pgq_admin;
grant execute on function pgq.maint_event_keys() to pgq_admin;
grant execute on function pgq.maint_rotate_tables_step1(text) to pgq_admin;
grant execute on function pgq.maint_rotate_tables_step2() to pgq_admin;
grant execute on function pgq.maint_tables_to_vacuum() to pgq_admin;
grant execute on function pgq.maint_operations() to pgq_admin;
grant execute on function pgq.upgrade_schema() to pgq_admin;
grant execute on function pgq.grant_perms(text) to pgq_admin;
grant execute on function pgq._grant_perms_from(text, text, text, text) to pgq_admin;
grant execute on function pgq.tune_storage(text) to pgq_admin;
grant execute on function pgq.seq_setval(text, bigint) to pgq_admin;
grant execute on function pgq.create_queue(text) to pgq_admin;
grant execute on function pgq.rebase_queue(text) to pgq_admin;
grant execute on function pgq.drop_queue(text, boolean) to pgq_admin;
grant execute on function pgq.drop_queue(text) to pgq_admin;
grant execute on function pgq.set_queue_config(text, text, text) to pgq_admin;
grant execute on function pgq.insert_event_raw(
    text, bigint, timestamptz, integer, integer, text, text, text, text, text, text) to pgq_admin;
grant execute on function pgq.event_retry_raw(
    text, text, timestamptz, bigint, timestamptz, integer, text, text, text, text, text, text) to pgq_admin;

grant select on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription to public;
grant select on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription, pgq.event_template to pgq_reader;
grant select, insert, update, delete on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription, pgq.retry_queue to pgq_admin;
grant select, insert, update, delete on pgq.delayed_event, pgq.event_key to pgq_admin;
grant select, insert, truncate on pgq.event_template to pgq_admin;
