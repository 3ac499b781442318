-- Ticks at once those of the given queues that hold committed events which their newest tick does not cover, without regard to their
-- lag and count; but only where a consumer is through with all ticks before. Where none is, more ticks would bring nobody anything but
-- more batches to go through. Returns the queues that hold such events, and whether they were ticked. Queues that are unknown, paused
-- or ticked from elsewhere are passed over.
--
-- Event sequences move before the events' transactions commit. So whoever sees one move asks again until the transactions of that time
-- are over.
create or replace function pgq.tick_pending(i_queues text[]) returns table (name text, ticked boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    q record;
    last record;
    cur txid_snapshot;
    ended bigint[];
    pending boolean;
    tick bigint;
begin
    for q in
        select queue_id, queue_name, queue_data_pfx, queue_cur_table, queue_ntables, queue_switch_step2, queue_event_seq, queue_tick_seq
        from pgq.queue
        where queue_name = any (i_queues) and not queue_external_ticker and not queue_ticker_paused
        order by queue_name
    loop
        continue when not pg_try_advisory_xact_lock(pgq._ticker_lock_class(), q.queue_id);
        select tick_id, tick_snapshot, xmin::text::bigint as own into last
            from pgq.tick where tick_queue = q.queue_id order by tick_queue desc, tick_id desc limit 1;
        pending := not found;
        if not pending then
            cur := txid_current_snapshot();
            -- A state that pgq.ticker() complains of.
            continue when txid_snapshot_xmin(last.tick_snapshot) > txid_snapshot_xmax(cur);
            -- Where many transactions ended since, looking for their events costs more than a tick that may be empty.
            pending := txid_snapshot_xmax(cur) - txid_snapshot_xmax(last.tick_snapshot) > 200;
        end if;
        if not pending then
            select array_agg(id) into ended
                from (select txid_snapshot_xip(last.tick_snapshot)
                      union all
                      select generate_series(txid_snapshot_xmax(last.tick_snapshot), txid_snapshot_xmax(cur) - 1)) t (id)
                where txid_visible_in_snapshot(id, cur) and id & 4294967295 <> last.own;
            execute format('select exists (select from %s_%s where ev_txid = any ($1))', q.queue_data_pfx, q.queue_cur_table)
                into pending using ended;
            -- Those who began before the last rotation may have written to the table before.
            if not pending and coalesce(q.queue_switch_step2 >= txid_snapshot_xmin(last.tick_snapshot), true) then
                execute format('select exists (select from %s_%s where ev_txid = any ($1))', q.queue_data_pfx,
                               (q.queue_cur_table + q.queue_ntables - 1) % q.queue_ntables)
                    into pending using ended;
            end if;
        end if;
        continue when not pending;

        name := q.queue_name;
        ticked := last.tick_id is null or exists (
            select from pgq.subscription
            where sub_queue = q.queue_id and coalesce(sub_next_tick, sub_last_tick) = last.tick_id);
        if not ticked then
            return next;
            continue;
        end if;
        tick := nextval(q.queue_tick_seq::regclass);
        perform pgq._check_tick_order(q.queue_id, last.tick_id, tick);
        insert into pgq.tick (tick_queue, tick_id, tick_event_seq)
            values (q.queue_id, tick, coalesce(pg_sequence_last_value(q.queue_event_seq::regclass), 0));
        perform pgq._notify_tick(q.queue_name);
        return next;
    end loop;
end $$;
