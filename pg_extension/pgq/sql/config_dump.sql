-- What pg_dump saves of the extension's own tables. Their sequences go along, or numbers would be given out again after a restore.
select pg_extension_config_dump('pgq.queue', '');
select pg_extension_config_dump('pgq.consumer', '');
select pg_extension_config_dump('pgq.tick', '');
select pg_extension_config_dump('pgq.subscription', '');
select pg_extension_config_dump('pgq.event_template', '');
select pg_extension_config_dump('pgq.retry_queue', '');
select pg_extension_config_dump('pgq.batch_id_seq', '');
