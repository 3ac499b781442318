-- Who may do what. Public loses what it has by default.
grant usage on schema pgq_coop to public;

revoke execute on all functions in schema pgq_coop from public;

grant execute on function pgq_coop.version() to public;

grant execute on function pgq_coop.register_subconsumer(text, text, text) to pgq_reader;
grant execute on function pgq_coop.unregister_subconsumer(text, text, text, integer) to pgq_reader;
grant execute on function pgq_coop.next_batch(text, text, text) to pgq_reader;
grant execute on function pgq_coop.next_batch(text, text, text, interval) to pgq_reader;
grant execute on function pgq_coop.next_batch_custom(text, text, text, interval, int4, interval) to pgq_reader;
grant execute on function pgq_coop.next_batch_custom(text, text, text, interval, int4, interval, interval) to pgq_reader;
grant execute on function pgq_coop.heartbeat(bigint) to pgq_reader;
grant execute on function pgq_coop.finish_batch(bigint) to pgq_reader;

grant select on pgq_coop.taken_over to pgq_reader;
