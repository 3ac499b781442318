-- Sets the privileges of a queue's tables and sequences.
create or replace function pgq.grant_perms(x_queue_name text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    q record;
    space text;
    parent text;
begin
    select queue_data_pfx, queue_ntables, queue_event_seq, queue_tick_seq into q
        from pgq.queue where queue_name = x_queue_name;
    if not found then
        raise exception 'Queue not found';
    end if;

    execute format('grant select on sequence %s, %s to public', pgq.quote_fqname(q.queue_event_seq),
                   pgq.quote_fqname(q.queue_tick_seq));
    execute format('grant usage on sequence %s to pgq_admin', pgq.quote_fqname(q.queue_event_seq));

    space := split_part(q.queue_data_pfx, '.', 1);
    parent := substr(q.queue_data_pfx, length(space) + 2);
    perform pgq._grant_perms_from('pgq', 'event_template', space, parent);
    for n in 0 .. q.queue_ntables - 1 loop
        perform pgq._grant_perms_from('pgq', 'event_template', space, parent || '_' || n);
    end loop;
    return 1;
end $$;
