-- How far the slowest consumer of a queue is behind: events that it has not finished, and for how long its oldest open or unopened batch has
-- been there. Both 0 when there is no consumer. Events are counted by the queue's sequence, so there are at most so many. One small query
-- after the other is cheaper than a join, and producers ask often.
create or replace function pgq.get_queue_lag(i_queue_name text, out consumer_name text, out events bigint, out lag interval)
returns record
language plpgsql as $$
declare
    q record;
    slowest record;
    since timestamptz;
begin
    select queue_id, queue_event_seq::regclass as event_seq into q from pgq.queue where queue_name = i_queue_name;
    if not found then
        raise exception 'No such event queue: %', coalesce(i_queue_name, 'NULL');
    end if;
    events := 0;
    lag := interval '0';
    select sub_consumer, sub_last_tick into slowest from pgq.subscription
        where sub_queue = q.queue_id and sub_last_tick is not null order by sub_last_tick limit 1;
    if not found then
        return;
    end if;
    consumer_name := (select co_name from pgq.consumer where co_id = slowest.sub_consumer);
    events := greatest(coalesce(pg_sequence_last_value(q.event_seq), 0)
                       - (select tick_event_seq from pgq.tick where tick_queue = q.queue_id and tick_id = slowest.sub_last_tick), 0);
    if events > 0 then
        select tick_time into since from pgq.tick where tick_queue = q.queue_id and tick_id > slowest.sub_last_tick
            order by tick_queue, tick_id limit 1;
        lag := greatest(now() - since, interval '0');
    end if;
end $$;
