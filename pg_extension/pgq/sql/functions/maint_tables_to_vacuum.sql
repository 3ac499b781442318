-- Tables that change much and need vacuum, when the server does not do it by itself.
create or replace function pgq.maint_tables_to_vacuum() returns setof text
language plpgsql as $$
begin
    if current_setting('autovacuum') = 'on' then
        return;
    end if;
    return query
        select wanted.name
        from unnest(array['pgq.subscription', 'pgq.consumer', 'pgq.queue', 'pgq.tick', 'pgq.retry_queue', 'pgq.delayed_event', 'pgq.event_key',
                          'pgq_ext.completed_tick', 'pgq_ext.completed_batch', 'pgq_ext.completed_event', 'pgq_ext.partial_batch',
                          'pgq_node.local_state', 'londiste.seq_info', 'txid.epoch', 'londiste.completed'])
             with ordinality as wanted (name, place)
        where exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                      where n.nspname = split_part(wanted.name, '.', 1) and c.relname = split_part(wanted.name, '.', 2))
        order by wanted.place;
end $$;
