-- The query for a batch's events, ordered by id. It must end in ` order by 1`, which get_batch_cursor takes off.
--
-- New are the transactions that the last tick's snapshot did not see and the current one's sees. Nearly all of them lie between the two
-- snapshots' xmax. Those that were running at the last tick lie below: near ones widen the range, far ones are listed, so that a
-- long transaction does not make every batch read from its start on.
create or replace function pgq.batch_event_sql(x_batch_id bigint) returns text
language plpgsql as $$
declare
    near constant bigint := 100;
    columns constant text := 'ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4';
    b record;
    txid bigint;
    low bigint;
    far bigint[] := '{}';
    part text;
    parts text[] := '{}';
    owner text;
begin
    select s.sub_id, last.tick_snapshot as last_snapshot, cur.tick_snapshot as cur_snapshot into b
        from pgq.subscription s
        join pgq.tick last on last.tick_queue = s.sub_queue and last.tick_id = s.sub_last_tick
        join pgq.tick cur on cur.tick_queue = s.sub_queue and cur.tick_id = s.sub_next_tick
        where s.sub_batch = x_batch_id;
    if not found then
        raise exception 'batch not found';
    end if;

    low := txid_snapshot_xmax(b.last_snapshot);
    for txid in
        select x from txid_snapshot_xip(b.last_snapshot) x where txid_visible_in_snapshot(x, b.cur_snapshot) order by x desc
    loop
        if txid >= low - near then
            low := txid;
        else
            far := far || txid;
        end if;
    end loop;

    owner := format('(ev_owner is null or ev_owner = %s)', b.sub_id);
    for part in select t from pgq.batch_event_tables(x_batch_id) t loop
        parts := parts || format(
            'select %s from %s where ev_txid >= %s and ev_txid <= %s'
            ' and pg_catalog.txid_visible_in_snapshot(ev_txid, %L::pg_catalog.txid_snapshot)'
            ' and not pg_catalog.txid_visible_in_snapshot(ev_txid, %L::pg_catalog.txid_snapshot) and %s',
            columns, part, low, txid_snapshot_xmax(b.cur_snapshot), b.cur_snapshot, b.last_snapshot, owner);
        if far <> '{}' then
            parts := parts || format('select %s from %s where ev_txid in (%s) and %s',
                                     columns, part, array_to_string(far, ', '), owner);
        end if;
    end loop;
    return array_to_string(parts, ' union all ') || ' order by 1';
end $$;
