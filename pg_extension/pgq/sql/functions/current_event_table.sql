-- The table that takes the queue's events, for writers that insert by themselves. Holds for this transaction only.
create or replace function pgq.current_event_table(x_queue_name text) returns text
language plpgsql as $$
declare
    q record;
begin
    if not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' then
        -- The id comes before the look, see _check_rotation.
        perform txid_current();
    end if;
    select queue_data_pfx, queue_ntables, queue_cur_table, queue_disable_insert into q
        from pgq.queue where queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not found';
    end if;
    if q.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception 'Writing to queue disabled';
    end if;
    perform pgq._check_rotation(q.queue_data_pfx, q.queue_ntables);
    return q.queue_data_pfx || '_' || q.queue_cur_table;
end $$;
