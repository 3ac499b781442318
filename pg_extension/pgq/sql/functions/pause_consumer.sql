-- Gives a consumer no more batches, in whatever process it runs, until it is resumed. A batch that it works on can be finished. To
-- rotation it is a slow consumer. Returns 1, or 0 when it is paused already.
create or replace function pgq.pause_consumer(i_queue_name text, i_consumer_name text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return pgq._set_paused(i_queue_name, i_consumer_name, true);
end $$;

-- Lets it go on where it was. Returns 1, or 0 when it is not paused.
create or replace function pgq.resume_consumer(i_queue_name text, i_consumer_name text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return pgq._set_paused(i_queue_name, i_consumer_name, false);
end $$;

create or replace function pgq._set_paused(i_queue_name text, i_consumer_name text, i_paused boolean) returns integer
language plpgsql as $$
declare
    sub record;
begin
    select s.sub_queue, s.sub_consumer, s.sub_paused is not null as paused,
           (s.sub_last_tick is null) = (s.sub_next_tick is null)
               and exists (select from pgq.subscription o where o.sub_id = s.sub_id and o.sub_consumer <> s.sub_consumer) as member
        into sub
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id
        join pgq.consumer c on c.co_id = s.sub_consumer
        where q.queue_name = i_queue_name and c.co_name = i_consumer_name
        for update of s;
    if not found then
        raise exception 'Not subscriber to queue: %/%', coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
    end if;
    if sub.member then
        raise exception 'cannot pause %: it is a member of a cooperative consumer', i_consumer_name
            using hint = 'Pause that one.';
    end if;
    if sub.paused = i_paused then
        return 0;
    end if;
    update pgq.subscription set sub_paused = case when i_paused then now() end
        where sub_queue = sub.sub_queue and sub_consumer = sub.sub_consumer;
    if not i_paused then
        -- It has not heard of ticks meanwhile that it could do something about.
        perform pgq._notify_tick(i_queue_name);
    end if;
    return 1;
end $$;
