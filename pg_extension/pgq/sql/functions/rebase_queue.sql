-- Makes a queue right that was restored into a cluster whose transaction ids are lower than those of the cluster it was dumped from:
-- otherwise it can neither be ticked nor rotated. Returns 1, or 0 when the queue is right as it is.
--
-- All transactions of the old cluster are over. So only the order of ticks matters, and between which two each event lies. Both are kept:
-- the i-th tick gets the snapshot that sees all ids below `base + i`, and events that it was the first to see get the id below.
-- Where there are more ticks than ids, the oldest go that no consumer stands at; that makes their batches larger, and nothing else.
create or replace function pgq.rebase_queue(i_queue_name text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    q record;
    part text;
    free_ids bigint;
    base bigint;
    ids bigint[];
    ends bigint[];
    snapshots txid_snapshot[];
begin
    select queue_id, queue_data_pfx, queue_ntables, queue_switch_step1, queue_switch_step2 into q
        from pgq.queue where queue_name = i_queue_name for update;
    if not found then
        raise exception 'No such event queue: %', i_queue_name;
    end if;
    perform pg_advisory_xact_lock(pgq._ticker_lock_class(), q.queue_id);
    for n in 0 .. q.queue_ntables - 1 loop
        execute format('lock table %s_%s in access exclusive mode', q.queue_data_pfx, n);
    end loop;

    free_ids := txid_snapshot_xmin(txid_current_snapshot());
    if greatest(q.queue_switch_step1, q.queue_switch_step2,
                (select max(txid_snapshot_xmin(tick_snapshot)) from pgq.tick where tick_queue = q.queue_id)) <= free_ids then
        return 0;
    end if;

    -- Ids below 3 are special to the server.
    delete from pgq.tick t
        using (select tick_id, row_number() over (order by tick_id desc) as place from pgq.tick where tick_queue = q.queue_id) o
        where t.tick_queue = q.queue_id and t.tick_id = o.tick_id and o.place > greatest(free_ids / 2 - 3, 1)
          and not exists (select from pgq.subscription s
                          where s.sub_queue = q.queue_id and t.tick_id in (s.sub_last_tick, s.sub_next_tick));
    select array_agg(tick_id order by tick_id), array_agg(txid_snapshot_xmax(tick_snapshot) order by tick_id),
           array_agg(tick_snapshot order by tick_id) into ids, ends, snapshots
        from pgq.tick where tick_queue = q.queue_id;
    base := free_ids - 1 - coalesce(cardinality(ids), 0);
    if base < 3 then
        raise exception 'queue % has consumers at more ticks than this cluster had transactions', i_queue_name
            using hint = 'Run some transactions, and call again.';
    end if;

    for n in 0 .. q.queue_ntables - 1 loop
        part := q.queue_data_pfx || '_' || n;
        -- width_bucket() jumps to the first tick that may see the id; it is that one or, if the transaction was long, a later one.
        execute format('update %s e set ev_txid = $1 - 1 + m.place from ('
                       'select x.ev_txid, coalesce((select i from generate_series(x.first, cardinality($3)) i'
                       ' where txid_visible_in_snapshot(x.ev_txid, $3[i]) limit 1), cardinality($3) + 1) as place'
                       ' from (select ev_txid, width_bucket(ev_txid, $2) + 1 as first from %s group by ev_txid) x'
                       ') m where e.ev_txid = m.ev_txid', part, part)
            using base, coalesce(ends, '{}'), coalesce(snapshots, '{}');
    end loop;
    update pgq.tick t
        set tick_snapshot = format('%s:%s:', base + o.place, base + o.place)::txid_snapshot
        from unnest(ids) with ordinality as o (id, place)
        where t.tick_queue = q.queue_id and t.tick_id = o.id;

    -- Which table took which of these events is not known any more. Batches look in both until consumers are past them.
    update pgq.queue
        set queue_switch_step1 = 0, queue_switch_step2 = base + coalesce(cardinality(ids), 0)
        where queue_id = q.queue_id;
    return 1;
end $$;
