-- Ends a subscription, and those of its cooperating members with it. Returns how many ended.
create or replace function pgq.unregister_consumer(x_queue_name text, x_consumer_name text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sub record;
    ended integer;
begin
    select s.sub_id, s.sub_queue, s.sub_consumer, (s.sub_last_tick is null) = (s.sub_next_tick is null) as like_member into sub
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id
        join pgq.consumer c on c.co_id = s.sub_consumer
        where q.queue_name = x_queue_name and c.co_name = x_consumer_name
        for update of s, c;
    if not found then
        return 0;
    end if;

    -- A member has both ends of a batch, or neither. The main consumer always has a position.
    if sub.like_member and (select count(*) from pgq.subscription where sub_id = sub.sub_id) > 1 then
        delete from pgq.subscription where sub_queue = sub.sub_queue and sub_consumer = sub.sub_consumer;
        return 1;
    end if;

    delete from pgq.retry_queue where ev_owner = sub.sub_id;
    delete from pgq.subscription where sub_id = sub.sub_id;
    get diagnostics ended = row_count;
    if not exists (select from pgq.subscription where sub_consumer = sub.sub_consumer) then
        delete from pgq.consumer where co_id = sub.sub_consumer;
    end if;
    return ended;
end $$;
