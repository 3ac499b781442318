-- Moves some hundred events whose time has come into their queues, in order of their times. Returns how many. Called by
-- pgq.maint_retry_events(). Those of a queue that takes no events wait, and keep no other queue's events waiting.
create or replace function pgq.maint_delayed_events() returns integer
language plpgsql as $$
declare
    q record;
    here integer;
    moved integer := 0;
begin
    for q in
        select due.queue_name, array_agg(due.de_id order by due.de_deliver_after, due.de_id) as ids
        from (
            select c.queue_name, d.de_id, d.de_deliver_after
            from pgq.delayed_event d
            join pgq.queue c on c.queue_id = d.de_queue
            where d.de_deliver_after <= current_timestamp
              and (not c.queue_disable_insert or current_setting('session_replication_role') = 'replica')
            order by d.de_deliver_after, d.de_id
            limit 500
            for update of d skip locked) due
        group by due.queue_name
        order by due.queue_name
    loop
        -- The table gives ids in the order in which it gets the rows.
        execute format('with gone as (delete from pgq.delayed_event where de_id = any ($1) returning *)'
                       ' insert into %s (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
                       ' select now(), ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
                       ' from gone order by de_deliver_after, de_id', pgq.current_event_table(q.queue_name))
            using q.ids;
        get diagnostics here = row_count;
        moved := moved + here;
    end loop;
    return moved;
end $$;
