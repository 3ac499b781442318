create or replace function pgq_coop.next_batch_custom(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text,
    i_min_lag interval, i_min_count int4, i_min_interval interval)
returns bigint
language plpgsql as $$
begin
    return pgq_coop.next_batch_custom(i_queue_name, i_consumer_name, i_subconsumer_name, i_min_lag, i_min_count, i_min_interval, null);
end $$;

-- The batch that the member has, or else that of a member that was silent for longer than i_dead_interval, or else the consumer's
-- next one. Null when there is none to give. Consumer and member are registered where they are missing.
-- i_min_lag, i_min_count, i_min_interval: see pgq.next_batch_custom.
create or replace function pgq_coop.next_batch_custom(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text,
    i_min_lag interval, i_min_count int4, i_min_interval interval, i_dead_interval interval)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member_name constant text := i_consumer_name || '.' || i_subconsumer_name;
    main record;
    member record;
    batch record;
    id bigint;
begin
    if pgq_coop._is_idle(i_queue_name, i_consumer_name, member_name, i_dead_interval) then
        perform pgq_coop._stay_alive(i_queue_name, member_name, i_dead_interval);
        return null;
    end if;

    -- The consumer's row is what members take turns by: one at a time gets a batch.
    for attempt in 1 .. 2 loop
        select s.sub_queue, s.sub_id, s.sub_consumer, s.sub_next_tick into main
            from pgq.queue q
            join pgq.subscription s on s.sub_queue = q.queue_id
            join pgq.consumer c on c.co_id = s.sub_consumer
            where q.queue_name = i_queue_name and c.co_name = i_consumer_name
            for update of s;
        exit when found;
        perform pgq_coop.register_subconsumer(i_queue_name, i_consumer_name, i_subconsumer_name);
    end loop;
    if main.sub_next_tick is not null then
        raise exception 'main consumer has batch open?';
    end if;

    -- A row of this name with another id is a consumer of its own and none of our members.
    for attempt in 1 .. 2 loop
        select s.sub_consumer, s.sub_batch into member
            from pgq.subscription s
            join pgq.consumer c on c.co_id = s.sub_consumer
            where s.sub_queue = main.sub_queue and s.sub_id = main.sub_id and c.co_name = member_name
            for update of s;
        exit when found;
        perform pgq_coop.register_subconsumer(i_queue_name, i_consumer_name, i_subconsumer_name);
    end loop;
    if member.sub_consumer is null then
        raise exception 'subconsumer not found';
    end if;

    if member.sub_batch is not null then
        update pgq.subscription set sub_active = now()
            where sub_queue = main.sub_queue and sub_consumer = member.sub_consumer;
        return member.sub_batch;
    end if;

    if i_dead_interval is not null then
        id := pgq_coop._take_over(main.sub_queue, main.sub_id, main.sub_consumer, member.sub_consumer, i_dead_interval);
        if id is not null then
            return id;
        end if;
    end if;

    select b.batch_id, b.prev_tick_id, b.cur_tick_id into batch
        from pgq.next_batch_custom(i_queue_name, i_consumer_name, i_min_lag, i_min_count, i_min_interval) b;
    if batch.batch_id is null then
        perform pgq_coop._stay_alive(i_queue_name, member_name, i_dead_interval);
        return null;
    end if;

    -- The consumer goes on to the following batch at once; this one is the member's now.
    update pgq.subscription
        set sub_last_tick = batch.cur_tick_id, sub_next_tick = null, sub_batch = null, sub_active = now()
        where sub_queue = main.sub_queue and sub_consumer = main.sub_consumer;
    update pgq.subscription
        set sub_batch = batch.batch_id, sub_last_tick = batch.prev_tick_id, sub_next_tick = batch.cur_tick_id, sub_active = now()
        where sub_queue = main.sub_queue and sub_consumer = member.sub_consumer;
    return batch.batch_id;
end $$;
