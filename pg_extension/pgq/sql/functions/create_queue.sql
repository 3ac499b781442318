-- Creates a queue with its tables and sequences. Returns 1, or 0 when it exists.
create or replace function pgq.create_queue(i_queue_name text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    prefix text;
    event_seq text;
    tick_seq text;
    id integer;
    tables integer;
begin
    if i_queue_name is null then
        raise exception 'Invalid NULL value';
    end if;
    if exists (select from pgq.queue where queue_name = i_queue_name) then
        return 0;
    end if;

    id := nextval('pgq.queue_queue_id_seq');
    prefix := 'pgq.event_' || id;
    event_seq := prefix || '_id_seq';
    tick_seq := prefix || '_tick_seq';
    -- Another session may be creating it too: then wait for how that ends.
    insert into pgq.queue (queue_id, queue_name, queue_data_pfx, queue_event_seq, queue_tick_seq)
        values (id, i_queue_name, prefix, event_seq, tick_seq)
        on conflict (queue_name) do nothing
        returning queue_ntables into tables;
    if not found then
        return 0;
    end if;

    execute format('create sequence %s', event_seq);
    execute format('create sequence %s', tick_seq);
    execute format('create table %s () inherits (pgq.event_template)', prefix);
    for n in 0 .. tables - 1 loop
        execute format('create table %s_%s () inherits (%s)', prefix, n, prefix);
        execute format('alter table %s_%s alter column ev_id set default nextval(%L)', prefix, n, event_seq);
        execute format('create index event_%s_%s_txid_idx on %s_%s (ev_txid)', id, n, prefix, n);
    end loop;
    perform pgq.grant_perms(i_queue_name);
    perform pgq.ticker(i_queue_name);
    perform pgq.tune_storage(i_queue_name);
    return 1;
end $$;
