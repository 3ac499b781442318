-- Brings tables of older versions up to date. Returns how many changes that took. Can be called at any time.
create or replace function pgq_ext.upgrade_schema() returns integer
language plpgsql as $$
declare
    tracked text;
    has_default boolean;
    changes integer := 0;
begin
    foreach tracked in array array['completed_tick', 'completed_batch', 'completed_event', 'partial_batch'] loop
        select a.atthasdef into has_default
            from pg_catalog.pg_attribute a
            where a.attrelid = format('pgq_ext.%I', tracked)::regclass and a.attname = 'subconsumer_id' and not a.attisdropped;
        if not found then
            execute format('alter table pgq_ext.%I add column subconsumer_id text not null default %L', tracked, '');
            execute format('alter table pgq_ext.%1$I drop constraint %2$I, add constraint %2$I primary key (consumer_id, subconsumer_id%3$s)',
                           tracked, tracked || '_pkey', case tracked when 'completed_event' then ', batch_id, event_id' else '' end);
            changes := changes + 1;
        elsif not has_default then
            execute format('alter table pgq_ext.%I alter column subconsumer_id set default %L', tracked, '');
            changes := changes + 1;
        end if;
    end loop;
    return changes;
end $$;
