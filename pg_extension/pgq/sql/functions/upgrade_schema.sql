-- Brings tables and roles of older versions up to date. Can be called at any time.
create or replace function pgq.upgrade_schema() returns integer
language plpgsql as $$
begin
    if exists (select from pg_catalog.pg_attribute
               where attrelid = 'pgq.subscription'::regclass and attname = 'sub_last_tick' and attnotnull) then
        alter table pgq.subscription alter column sub_last_tick drop not null;
    end if;
    if not exists (select from pg_catalog.pg_attribute
                   where attrelid = 'pgq.queue'::regclass and attname = 'queue_extra_maint' and not attisdropped) then
        alter table pgq.queue add column queue_extra_maint text[];
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'pgq_reader') then
        create role pgq_reader;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'pgq_writer') then
        create role pgq_writer;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'pgq_admin') then
        create role pgq_admin in role pgq_reader, pgq_writer;
    end if;
    return 0;
end $$;
