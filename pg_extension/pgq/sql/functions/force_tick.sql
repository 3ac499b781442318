-- Makes the ticker's next run tick the queue. Returns the newest tick; wait until that changes.
create or replace function pgq.force_tick(i_queue_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    q record;
begin
    select queue_id, queue_event_seq, queue_ticker_max_count, queue_external_ticker or queue_ticker_paused as idle into q
        from pgq.queue where queue_name = i_queue_name;
    if not found then
        return null;
    end if;
    if not q.idle then
        -- As if more events had come than a tick may wait for.
        perform setval(q.queue_event_seq::regclass,
                       nextval(q.queue_event_seq::regclass) + 2 * q.queue_ticker_max_count::bigint + 1000);
    end if;
    return (select tick_id from pgq.tick where tick_queue = q.queue_id order by tick_queue desc, tick_id desc limit 1);
end $$;
