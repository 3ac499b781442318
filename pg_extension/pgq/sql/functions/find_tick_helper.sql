-- Chooses the end of a batch that should have i_min_count events or span i_min_interval: the newest tick, as long as that is not more
-- than twice as far as asked for, else the first that is far enough. Nulls when no tick is.
create or replace function pgq.find_tick_helper(
    i_queue_id int4, i_prev_tick_id bigint, i_prev_tick_time timestamptz, i_prev_tick_seq bigint,
    i_min_count bigint, i_min_interval interval,
    out next_tick_id bigint, out next_tick_time timestamptz, out next_tick_seq bigint)
returns record
language plpgsql stable as $$
declare
    count_reached boolean;
    interval_reached boolean;
begin
    select t.tick_id, t.tick_time, t.tick_event_seq + (t.tick_event_seq = 0)::int
        into next_tick_id, next_tick_time, next_tick_seq
        from pgq.tick t
        where t.tick_queue = i_queue_id and t.tick_id > i_prev_tick_id
        order by t.tick_queue desc, t.tick_id desc
        limit 1;
    if not found then
        return;
    end if;

    if next_tick_seq - i_prev_tick_seq > i_min_count * 2 or next_tick_time - i_prev_tick_time > i_min_interval * 2 then
        select t.tick_id, t.tick_time, t.tick_event_seq + (t.tick_event_seq = 0)::int
        into next_tick_id, next_tick_time, next_tick_seq
            from pgq.tick t
            where t.tick_queue = i_queue_id and t.tick_id > i_prev_tick_id
              and (t.tick_event_seq - i_prev_tick_seq >= i_min_count or t.tick_time - i_prev_tick_time >= i_min_interval)
            order by t.tick_queue, t.tick_id
            limit 1;
        return;
    end if;

    count_reached := coalesce(next_tick_seq - i_prev_tick_seq >= i_min_count, false);
    interval_reached := coalesce(next_tick_time - i_prev_tick_time >= i_min_interval, false);
    if not count_reached and not interval_reached then
        next_tick_id := null;
        next_tick_time := null;
        next_tick_seq := null;
    end if;
end $$;
