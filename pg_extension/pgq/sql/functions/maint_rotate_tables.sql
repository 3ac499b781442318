-- First step of rotation: empties the spare table and makes it the current one, when that is due and no consumer needs what is lost.
-- Always returns 0.
create or replace function pgq.maint_rotate_tables_step1(i_queue_name text) returns integer
language plpgsql as $$
declare
    q record;
    cur_txid bigint;
    lowest bigint;
    lowest_xmin bigint;
    spare integer;
    spare_table text;
begin
    -- Ticks refer to the queue's row, so only the weaker lock lets the ticker go on. If somebody else has the row, next time will do.
    select queue_id, queue_data_pfx, queue_ntables, queue_cur_table, queue_switch_step1, queue_switch_step2 into q
        from pgq.queue
        where queue_name = i_queue_name and queue_switch_step2 is not null
          and queue_switch_time + queue_rotation_period < current_timestamp
        for no key update skip locked;
    if not found then
        return 0;
    end if;
    perform pgq._check_snapshot();

    cur_txid := txid_current();
    if cur_txid < q.queue_switch_step1 then
        raise exception 'queue % maint failure: step1=%, current=%', i_queue_name, q.queue_switch_step1, cur_txid
            using hint = 'After a restore into another cluster, call pgq.rebase_queue().';
    end if;

    select min(sub_last_tick) into lowest from pgq.subscription where sub_queue = q.queue_id;
    if lowest is not null then
        select txid_snapshot_xmin(tick_snapshot) into lowest_xmin
            from pgq.tick where tick_queue = q.queue_id and tick_id = lowest;
        if not found then
            raise exception 'queue % maint failure: tick % not found', i_queue_name, lowest;
        end if;
        if lowest_xmin <= q.queue_switch_step2 then
            return 0;
        end if;
    end if;

    spare := (q.queue_cur_table + 1) % q.queue_ntables;
    spare_table := q.queue_data_pfx || '_' || spare;
    begin
        execute 'lock table ' || spare_table || ' in access exclusive mode nowait';
        execute 'truncate ' || spare_table;
    exception
        -- A dump or a reader is at it.
        when lock_not_available then return 0;
    end;

    update pgq.queue
        set queue_cur_table = spare, queue_switch_time = current_timestamp, queue_switch_step1 = cur_txid, queue_switch_step2 = null
        where queue_id = q.queue_id;

    -- The newest tick stays in any case: new consumers begin there.
    delete from pgq.tick
        where tick_queue = q.queue_id and txid_snapshot_xmin(tick_snapshot) < q.queue_switch_step2
          and tick_id < (select max(tick_id) from pgq.tick where tick_queue = q.queue_id);
    return 0;
end $$;

-- Second step of rotation, in a later transaction: notes a transaction id from which on everybody writes to the new table.
create or replace function pgq.maint_rotate_tables_step2() returns integer
language plpgsql as $$
begin
    update pgq.queue set queue_switch_step2 = txid_current() where queue_switch_step2 is null;
    return 0;
end $$;
