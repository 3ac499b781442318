-- What pg_dump saves of the extension's own tables.
select pg_extension_config_dump('pgq_ext.completed_tick', '');
select pg_extension_config_dump('pgq_ext.completed_batch', '');
select pg_extension_config_dump('pgq_ext.completed_event', '');
select pg_extension_config_dump('pgq_ext.partial_batch', '');
select pg_extension_config_dump('pgq_ext.kept_verdict', '');
