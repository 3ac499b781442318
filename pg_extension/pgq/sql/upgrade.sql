-- What an older version's tables lack.
set local client_min_messages = 'warning';

select pgq.upgrade_schema();

alter table pgq.queue set (fillfactor = 50);
alter table pgq.subscription set (fillfactor = 50);
alter table pgq.subscription add column sub_paused timestamptz;
