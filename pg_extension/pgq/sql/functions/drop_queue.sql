-- Drops a queue with all its events, those that wait for their time among them. Consumers are in the way, unless x_force unregisters them.
create or replace function pgq.drop_queue(x_queue_name text, x_force boolean) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    q record;
    consumer text;
begin
    select queue_id, queue_ntables, queue_data_pfx, queue_event_seq, queue_tick_seq into q
        from pgq.queue where queue_name = x_queue_name for update;
    if not found then
        raise exception 'No such event queue';
    end if;
    perform pgq._check_snapshot();

    if x_force then
        for consumer in select i.consumer_name from pgq.get_consumer_info(x_queue_name, null) i loop
            perform pgq.unregister_consumer(x_queue_name, consumer);
        end loop;
    elsif exists (select from pgq.subscription where sub_queue = q.queue_id) then
        raise exception 'cannot drop queue, consumers still attached';
    end if;

    for n in 0 .. q.queue_ntables - 1 loop
        execute format('drop table %s_%s', q.queue_data_pfx, n);
    end loop;
    execute format('drop table %s', q.queue_data_pfx);
    delete from pgq.tick where tick_queue = q.queue_id;
    delete from pgq.delayed_event where de_queue = q.queue_id;
    delete from pgq.event_key where key_queue = q.queue_id;
    execute format('drop sequence %s', q.queue_tick_seq);
    execute format('drop sequence %s', q.queue_event_seq);
    delete from pgq.queue where queue_id = q.queue_id;
    return 1;
end $$;

create or replace function pgq.drop_queue(x_queue_name text) returns integer
language plpgsql strict as $$
begin
    return pgq.drop_queue(x_queue_name, false);
end $$;
