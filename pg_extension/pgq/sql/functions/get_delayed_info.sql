-- Events that wait for their time, by queue; a null name stands for all queues. Queues without such events are not in it.
create or replace function pgq.get_delayed_info(
    i_queue_name text, out queue_name text, out waiting bigint, out due bigint, out next_delivery timestamptz)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select q.queue_name, count(*), count(*) filter (where d.de_deliver_after <= current_timestamp), min(d.de_deliver_after)
        from pgq.delayed_event d
        join pgq.queue q on q.queue_id = d.de_queue
        where i_queue_name is null or q.queue_name = i_queue_name
        group by q.queue_name
        order by 1;
end $$;
