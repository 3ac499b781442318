-- What an older version's tables lack.
set local client_min_messages = 'warning';

select pgq.upgrade_schema();

alter table pgq.queue set (fillfactor = 50);
alter table pgq.subscription set (fillfactor = 50);

select pg_extension_config_dump('pgq.queue_queue_id_seq', '');
select pg_extension_config_dump('pgq.consumer_co_id_seq', '');
select pg_extension_config_dump('pgq.subscription_sub_id_seq', '');
