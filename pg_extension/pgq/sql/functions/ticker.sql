-- Ticks one queue if a tick is due. Returns the tick, or null.
--
-- Snapshots of a queue's ticks must not go back, or events are delivered twice. So there is one ticker per queue at a time, and its
-- snapshot is taken after it got the lock; where another one has the lock, that one's tick does for both.
--
-- A session of a daemon keeps its plans for long. Without sequential scans they are right from the start, while tables are small.
create or replace function pgq.ticker(i_queue_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    q record;
    last record;
    cur_txid bigint;
    event_seq bigint;
    new_events bigint;
    lag interval;
    gap interval;
    tick bigint;
begin
    select queue_id, queue_event_seq, queue_tick_seq, queue_external_ticker, queue_ticker_paused, queue_ticker_max_count,
           queue_ticker_max_lag, queue_ticker_idle_period into q
        from pgq.queue where queue_name = i_queue_name;
    if not found then
        raise exception 'no such queue';
    end if;
    if q.queue_external_ticker then
        raise exception 'This queue has external tick source.';
    end if;
    if q.queue_ticker_paused then
        raise exception 'Ticker has been paused for this queue';
    end if;
    if not pg_try_advisory_xact_lock(pgq._ticker_lock_class(), q.queue_id) then
        return null;
    end if;

    -- Null before the first event.
    event_seq := coalesce(pg_sequence_last_value(q.queue_event_seq::regclass), 0);

    select tick_id, tick_time, coalesce(tick_event_seq, 0) as tick_event_seq,
           txid_snapshot_xmin(tick_snapshot) as xmin, txid_snapshot_xmax(tick_snapshot) as xmax into last
        from pgq.tick where tick_queue = q.queue_id order by tick_queue desc, tick_id desc limit 1;
    if found then
        cur_txid := txid_snapshot_xmax(txid_current_snapshot());
        if last.xmin > cur_txid then
            raise exception 'Invalid PgQ state: old xmin=%, old xmax=%, cur txid=%', last.xmin, last.xmax, cur_txid
                using hint = 'After a restore into another cluster, call pgq.rebase_queue().';
        end if;
        new_events := event_seq - last.tick_event_seq;
        if new_events < 0 and event_seq > 0 then
            raise warning 'Negative new_events?  old=% cur=%', last.tick_event_seq, event_seq;
        end if;
        if last.xmax > cur_txid then
            raise warning 'Dubious PgQ state: old xmax=%, cur txid=%', last.xmax, cur_txid;
        end if;

        lag := now() - last.tick_time;
        -- A tick of the future: the clock was set back, and nobody waits until it has come there again.
        if lag < -q.queue_ticker_max_lag then
            lag := greatest(q.queue_ticker_max_lag, q.queue_ticker_idle_period);
        end if;
        if new_events > 0 then
            if new_events < q.queue_ticker_max_count and lag < q.queue_ticker_max_lag then
                return null;
            end if;
        else
            -- An idle queue is ticked at ever longer distances.
            select last.tick_time - t.tick_time into gap
                from pgq.tick t where t.tick_queue = q.queue_id and t.tick_id < last.tick_id
                order by t.tick_queue desc, t.tick_id desc limit 1;
            if found and (lag < q.queue_ticker_max_lag / 2 or (lag < gap * 2 and lag < q.queue_ticker_idle_period)) then
                return null;
            end if;
        end if;
    end if;

    tick := nextval(q.queue_tick_seq::regclass);
    perform pgq._check_tick_order(q.queue_id, last.tick_id, tick);
    insert into pgq.tick (tick_queue, tick_id, tick_event_seq) values (q.queue_id, tick, event_seq);
    -- Nobody can wait for a queue's first tick.
    if last.tick_id is not null then
        perform pgq._notify_tick(i_queue_name);
        perform pgq._shrink_subscriptions();
    end if;
    return tick;
end $$;

-- Ticks every queue that is due. Returns how many were ticked.
--
-- One pass over the queues finds those that may be due; pgq.ticker(queue) decides. A queue that cannot be ticked keeps nobody else waiting.
-- A session notes the snapshot of a pass that found no event waiting. While that stays the same, nothing at all was committed since: then
-- it need not look at sequences, which are half the work; and after one more pass, which notes when the first queue will be due for an idle
-- tick, it need not look at anything before that time.
create or replace function pgq.ticker() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
declare
    snapshot constant txid_snapshot := txid_current_snapshot();
    cur_txid constant bigint := txid_snapshot_xmax(snapshot);
    idle constant boolean := txid_current_if_assigned() is null
        and coalesce(current_setting('pgq.idle_at', true) = snapshot::text, false);
    waiting boolean := false;
    idle_until float8;
    q record;
    ticked bigint := 0;
begin
    if idle and extract(epoch from now()) < nullif(current_setting('pgq.idle_until', true), '')::float8 then
        return 0;
    end if;
    for q in
        select e.*, e.xmin > cur_txid as broken
        from (
            select d.queue_name, d.xmin, d.xmax, coalesce(d.new_events <> 0, false) as events,
                   case
                       when d.tick_id is null or d.xmin > cur_txid then true
                       when d.new_events > 0 then d.new_events >= d.max_count or d.lag >= d.max_lag
                       when d.lag < d.max_lag / 2 and d.tick_id > 1 then false
                       when d.lag >= d.idle_period then true
                       else coalesce(d.lag >= 2 * (d.tick_time - (
                           select t.tick_time from pgq.tick t where t.tick_queue = d.queue_id and t.tick_id < d.tick_id
                           order by t.tick_queue desc, t.tick_id desc limit 1)), true)
                   end as due
            from (
                select c.queue_name, c.queue_id, c.queue_ticker_max_count as max_count, c.queue_ticker_max_lag as max_lag,
                       c.queue_ticker_idle_period as idle_period, last.tick_id, last.tick_time,
                       case when now() - last.tick_time < -c.queue_ticker_max_lag
                            then greatest(c.queue_ticker_max_lag, c.queue_ticker_idle_period)
                            else now() - last.tick_time end as lag,
                       txid_snapshot_xmin(last.tick_snapshot) as xmin, txid_snapshot_xmax(last.tick_snapshot) as xmax,
                       case when idle then 0
                            else pg_sequence_last_value(c.queue_event_seq::regclass) - coalesce(last.tick_event_seq, 0)
                       end as new_events
                from pgq.queue c
                left join lateral (
                    select t.tick_id, t.tick_time, t.tick_event_seq, t.tick_snapshot
                    from pgq.tick t where t.tick_queue = c.queue_id
                    order by t.tick_queue desc, t.tick_id desc limit 1) last on true
                where not c.queue_external_ticker and not c.queue_ticker_paused
                offset 0
            ) d
            offset 0
        ) e
        where e.due or e.events
        order by e.queue_name
    loop
        waiting := true;
        continue when not q.due;
        if q.broken then
            raise warning 'queue %: Invalid PgQ state: old xmin=%, old xmax=%, cur txid=%', q.queue_name, q.xmin, q.xmax, cur_txid;
        elsif pgq.ticker(q.queue_name) is not null then
            ticked := ticked + 1;
        end if;
    end loop;
    if not waiting and txid_current_if_assigned() is null then
        if idle then
            select extract(epoch from coalesce(min(last.tick_time + greatest(
                       c.queue_ticker_max_lag / 2,
                       least(2 * (last.tick_time - before.tick_time), c.queue_ticker_idle_period))), now() + interval '1 minute'))
                into idle_until
                from pgq.queue c
                join lateral (
                    select t.tick_id, t.tick_time from pgq.tick t where t.tick_queue = c.queue_id
                    order by t.tick_queue desc, t.tick_id desc limit 1) last on true
                left join lateral (
                    select t.tick_time from pgq.tick t where t.tick_queue = c.queue_id and t.tick_id < last.tick_id
                    order by t.tick_queue desc, t.tick_id desc limit 1) before on true
                where not c.queue_external_ticker and not c.queue_ticker_paused;
        end if;
        perform set_config('pgq.idle_at', snapshot::text, false);
        perform set_config('pgq.idle_until', coalesce(idle_until::text, ''), false);
    end if;
    perform pgq._shrink_subscriptions();
    return ticked;
end $$;

-- Inserts a tick made elsewhere. The events that belong before it must be committed.
create or replace function pgq.ticker(i_queue_name text, i_tick_id bigint, i_orig_timestamp timestamptz, i_event_seq bigint)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    q record;
    last bigint;
begin
    select queue_id, queue_event_seq, queue_tick_seq into q
        from pgq.queue
        where queue_name = i_queue_name and queue_external_ticker and not queue_ticker_paused;
    if not found then
        raise exception 'queue not found or ticker disabled: %', i_queue_name;
    end if;
    perform pg_advisory_xact_lock(pgq._ticker_lock_class(), q.queue_id);

    select tick_id into last from pgq.tick where tick_queue = q.queue_id order by tick_queue desc, tick_id desc limit 1;
    -- A tick that is there already fails on the primary key, as it always did.
    if i_tick_id < last and not exists (select from pgq.tick where tick_queue = q.queue_id and tick_id = i_tick_id) then
        raise exception 'tick % is older than the last tick % of queue %', i_tick_id, last, i_queue_name;
    end if;
    if i_tick_id > last then
        perform pgq._check_tick_order(q.queue_id, last, greatest(i_tick_id, pgq.seq_getval(q.queue_tick_seq) + 1));
    end if;
    insert into pgq.tick (tick_queue, tick_id, tick_time, tick_event_seq)
        values (q.queue_id, i_tick_id, i_orig_timestamp, i_event_seq);
    perform pgq.seq_setval(q.queue_tick_seq, i_tick_id);
    perform pgq.seq_setval(q.queue_event_seq, i_event_seq);
    perform pgq._notify_tick(i_queue_name);
    return i_tick_id;
end $$;
