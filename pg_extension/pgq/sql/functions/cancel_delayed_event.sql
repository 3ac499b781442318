-- Drops an event that still waits for its time. Returns 1, or 0 when it does not wait (any more) in this queue.
create or replace function pgq.cancel_delayed_event(i_queue_name text, i_number bigint) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    dropped integer;
begin
    delete from pgq.delayed_event
        where de_id = i_number and de_queue = (select queue_id from pgq.queue where queue_name = i_queue_name);
    get diagnostics dropped = row_count;
    return dropped;
end $$;
