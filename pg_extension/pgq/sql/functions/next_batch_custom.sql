-- Opens the consumer's next batch, or gives the one that is open. All nulls when there is none to give, or the consumer is paused.
-- i_min_lag: leave younger ticks alone. i_min_count, i_min_interval: wanted size, see find_tick_helper.
create or replace function pgq.next_batch_custom(
    i_queue_name text, i_consumer_name text, i_min_lag interval, i_min_count int4, i_min_interval interval,
    out batch_id bigint, out cur_tick_id bigint, out prev_tick_id bigint, out cur_tick_time timestamptz,
    out prev_tick_time timestamptz, out cur_tick_event_seq bigint, out prev_tick_event_seq bigint)
returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    queue integer;
    consumer integer;
    place tid;
    paused timestamptz;
    opened boolean := false;
begin
    select q.queue_id, c.co_id into queue, consumer
        from pgq.queue q, pgq.consumer c
        where q.queue_name = i_queue_name and c.co_name = i_consumer_name;

    -- Asking must cost nothing while there is nothing to give, so the row is looked at without a lock and changed only if it is still
    -- as it was seen. If it is not, another session opened or finished a batch meanwhile: look again. The row is found by its place the
    -- second time, not once more among all its old versions.
    while not opened loop
        select s.ctid, s.sub_paused, s.sub_batch, s.sub_last_tick, s.sub_next_tick into place, paused, batch_id, prev_tick_id, cur_tick_id
            from pgq.subscription s
            where s.sub_queue = queue and s.sub_consumer = consumer;
        if not found then
            raise exception 'Not subscriber to queue: %/%', coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
        end if;
        if paused is not null then
            batch_id := null;
            prev_tick_id := null;
            cur_tick_id := null;
            return;
        end if;

        select t.tick_time, t.tick_event_seq + (t.tick_event_seq = 0)::int into prev_tick_time, prev_tick_event_seq
            from pgq.tick t where t.tick_queue = queue and t.tick_id = prev_tick_id;
        if not found then
            raise exception 'PgQ corruption: Consumer % on queue % does not see tick <NULL>', i_consumer_name, i_queue_name;
        end if;

        if batch_id is not null then
            select t.tick_time, t.tick_event_seq + (t.tick_event_seq = 0)::int into cur_tick_time, cur_tick_event_seq
                from pgq.tick t where t.tick_queue = queue and t.tick_id = cur_tick_id;
            return;
        end if;

        if i_min_count is null and i_min_interval is null then
            select t.tick_id, t.tick_time, t.tick_event_seq + (t.tick_event_seq = 0)::int
                into cur_tick_id, cur_tick_time, cur_tick_event_seq
                from pgq.tick t
                where t.tick_queue = queue and t.tick_id > prev_tick_id
                order by t.tick_queue, t.tick_id
                limit 1;
        else
            select f.next_tick_id, f.next_tick_time, f.next_tick_seq into cur_tick_id, cur_tick_time, cur_tick_event_seq
                from pgq.find_tick_helper(queue, prev_tick_id, prev_tick_time, prev_tick_event_seq, i_min_count,
                                          i_min_interval) f;
        end if;

        if cur_tick_id is null or now() - cur_tick_time < i_min_lag then
            cur_tick_id := null;
            cur_tick_time := null;
            cur_tick_event_seq := null;
            prev_tick_id := null;
            prev_tick_time := null;
            prev_tick_event_seq := null;
            return;
        end if;

        -- A ticker may commit without waiting for the disk. The number of a tick that somebody works by must never come again, so that
        -- commit waits, for both.
        if current_setting('synchronous_commit') = 'off' then
            perform set_config('synchronous_commit', 'on', true);
        end if;
        batch_id := nextval('pgq.batch_id_seq');
        update pgq.subscription s
            set sub_batch = next_batch_custom.batch_id, sub_next_tick = cur_tick_id, sub_active = now()
            where s.ctid = place and s.sub_queue = queue and s.sub_consumer = consumer
              and s.sub_batch is null and s.sub_last_tick = prev_tick_id;
        opened := found;
    end loop;
end $$;
