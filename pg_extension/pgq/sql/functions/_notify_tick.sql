-- Tells those who listen to pgq_tick that a queue has a new tick.
create or replace function pgq._notify_tick(i_queue_name text) returns void
language plpgsql as $$
begin
    if octet_length(i_queue_name) < 7900 then
        perform pg_catalog.pg_notify('pgq_tick', i_queue_name);
    end if;
end $$;
