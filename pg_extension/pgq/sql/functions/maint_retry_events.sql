-- Moves at most ten events whose time has come back into their queues, and delayed events into theirs. Returns how many; call again until
-- none is left.
-- Those of a queue that takes no events wait, and keep no other queue's events waiting.
create or replace function pgq.maint_retry_events() returns integer
language plpgsql as $$
declare
    ev record;
    moved integer := 0;
begin
    -- One mover at a time, while new retries still come in.
    lock table pgq.retry_queue in share update exclusive mode;

    for ev in
        select q.queue_name, r.*
        from pgq.retry_queue r
        join pgq.queue q on q.queue_id = r.ev_queue
        where r.ev_retry_after <= current_timestamp
          and (not q.queue_disable_insert or current_setting('session_replication_role') = 'replica')
        order by r.ev_retry_after
        limit 10
    loop
        perform pgq.insert_event_raw(ev.queue_name, ev.ev_id, ev.ev_time, ev.ev_owner, ev.ev_retry, ev.ev_type, ev.ev_data,
                                     ev.ev_extra1, ev.ev_extra2, ev.ev_extra3, ev.ev_extra4);
        delete from pgq.retry_queue where ev_owner = ev.ev_owner and ev_id = ev.ev_id;
        moved := moved + 1;
    end loop;
    return moved + pgq.maint_delayed_events();
end $$;
