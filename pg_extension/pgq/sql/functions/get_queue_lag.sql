-- How far the slowest consumer of a queue is behind: events that it has not finished, and for how long its oldest open or unopened batch has
-- been there. Both 0 when there is no consumer. Events are counted by the queue's sequence, so there are at most so many.
create or replace function pgq.get_queue_lag(i_queue_name text, out consumer_name text, out events bigint, out lag interval)
returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    select c.co_name,
           coalesce(pg_sequence_last_value(q.queue_event_seq::regclass), 0) - t.tick_event_seq,
           coalesce(now() - (select n.tick_time from pgq.tick n where n.tick_queue = q.queue_id and n.tick_id > t.tick_id
                             order by n.tick_queue, n.tick_id limit 1), interval '0')
        into consumer_name, events, lag
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id and s.sub_last_tick is not null
        join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = s.sub_last_tick
        join pgq.consumer c on c.co_id = s.sub_consumer
        where q.queue_name = i_queue_name
        order by s.sub_last_tick
        limit 1;
    if not found then
        if not exists (select from pgq.queue where queue_name = i_queue_name) then
            raise exception 'No such event queue: %', coalesce(i_queue_name, 'NULL');
        end if;
        events := 0;
        lag := interval '0';
    end if;
    events := greatest(events, 0);
    lag := case when events = 0 then interval '0' else greatest(lag, interval '0') end;
end $$;
