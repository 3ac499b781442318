-- The tables that hold the batch's events.
create or replace function pgq.batch_event_tables(x_batch_id bigint) returns setof text
language plpgsql as $$
declare
    b record;
begin
    select txid_snapshot_xmin(last.tick_snapshot) as first_txid, txid_snapshot_xmax(cur.tick_snapshot) as end_txid,
           q.queue_data_pfx as prefix, q.queue_ntables as tables, q.queue_cur_table as current,
           q.queue_switch_step1 as step1, q.queue_switch_step2 as step2 into b
        from pgq.subscription s
        join pgq.queue q on q.queue_id = s.sub_queue
        join pgq.tick last on last.tick_queue = s.sub_queue and last.tick_id = s.sub_last_tick
        join pgq.tick cur on cur.tick_queue = s.sub_queue and cur.tick_id = s.sub_next_tick
        where s.sub_batch = x_batch_id;
    if not found then
        raise exception 'Cannot find data for batch %', x_batch_id;
    end if;

    -- Everything before step 1 went to the previous table, everything after step 2 goes to the current one.
    if b.step2 is null or b.first_txid <= b.step2 then
        return next b.prefix || '_' || (b.current + b.tables - 1) % b.tables;
    end if;
    if b.end_txid >= b.step1 then
        return next b.prefix || '_' || b.current;
    end if;
end $$;
