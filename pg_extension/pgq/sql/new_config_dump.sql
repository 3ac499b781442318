-- The same for what version 3.5 did not have.
select pg_extension_config_dump('pgq.queue_queue_id_seq', '');
select pg_extension_config_dump('pgq.consumer_co_id_seq', '');
select pg_extension_config_dump('pgq.subscription_sub_id_seq', '');
select pg_extension_config_dump('pgq.delayed_event', '');
select pg_extension_config_dump('pgq.delayed_event_de_id_seq', '');
select pg_extension_config_dump('pgq.event_key', '');
