-- Refuses a tick from a transaction whose snapshot is older than a tick that it cannot see. That takes REPEATABLE READ: READ COMMITTED
-- sees all ticks that were committed before it got the ticker's lock.
--
-- Ids between the last tick seen and the new one were rolled back, or lie beyond our snapshot. Inserting one tells which: the server
-- itself fails the transaction when the row is there unseen.
create or replace function pgq._check_tick_order(i_queue_id integer, i_last_tick bigint, i_new_tick bigint) returns void
language plpgsql as $$
begin
    if current_setting('transaction_isolation') not in ('repeatable read', 'serializable') or i_last_tick is null
       or i_new_tick <= i_last_tick + 1 then
        return;
    end if;
    if i_new_tick - i_last_tick > 1000 then
        raise exception 'could not serialize access due to concurrent ticks' using errcode = 'serialization_failure';
    end if;
    insert into pgq.tick (tick_queue, tick_id, tick_event_seq)
        select i_queue_id, id, 0 from generate_series(i_last_tick + 1, i_new_tick - 1) id
        on conflict (tick_queue, tick_id) do nothing;
    delete from pgq.tick where tick_queue = i_queue_id and tick_id > i_last_tick and tick_id < i_new_tick;
end $$;
