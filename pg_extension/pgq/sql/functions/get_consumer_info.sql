-- Where consumers stand. A null name stands for all.
create or replace function pgq.get_consumer_info(
    i_queue_name text, i_consumer_name text,
    out queue_name text, out consumer_name text, out lag interval, out last_seen interval,
    out last_tick bigint, out current_batch bigint, out next_tick bigint, out pending_events bigint)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select q.queue_name, c.co_name, current_timestamp - last.tick_time, current_timestamp - s.sub_active,
               s.sub_last_tick, s.sub_batch, s.sub_next_tick,
               top.tick_event_seq + (top.tick_event_seq = 0)::int - (last.tick_event_seq + (last.tick_event_seq = 0)::int)
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id
        join pgq.consumer c on c.co_id = s.sub_consumer
        left join pgq.tick last on last.tick_queue = s.sub_queue and last.tick_id = s.sub_last_tick
        left join lateral (
            select t.tick_event_seq from pgq.tick t where t.tick_queue = q.queue_id and last.tick_id is not null
            order by t.tick_queue desc, t.tick_id desc limit 1) top on true
        where (i_queue_name is null or q.queue_name = i_queue_name)
          and (i_consumer_name is null or c.co_name = i_consumer_name)
        order by 1, 2;
end $$;

create or replace function pgq.get_consumer_info(
    i_queue_name text,
    out queue_name text, out consumer_name text, out lag interval, out last_seen interval,
    out last_tick bigint, out current_batch bigint, out next_tick bigint, out pending_events bigint)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from pgq.get_consumer_info(i_queue_name, null);
end $$;

create or replace function pgq.get_consumer_info(
    out queue_name text, out consumer_name text, out lag interval, out last_seen interval,
    out last_tick bigint, out current_batch bigint, out next_tick bigint, out pending_events bigint)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from pgq.get_consumer_info(null, null);
end $$;
