-- Stores an event that comes into the queue not before a time. Returns the number under which it waits; its id in the queue is given to it
-- there. Moved by whoever calls pgq.maint_delayed_events(): our ticker at every pass, others by pgq.maint_retry_events().
create or replace function pgq.insert_event_after(
    queue_name text, deliver_after timestamptz, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
    number bigint;
begin
    if $2 is null then
        raise exception 'deliver_after must not be null' using errcode = 'null_value_not_allowed';
    end if;
    id := pgq._insertable_queue($1);
    insert into pgq.delayed_event as d (de_queue, de_deliver_after, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        values (id, $2, $3, $4, $5, $6, $7, $8)
        returning d.de_id into number;
    return number;
end $$;

create or replace function pgq.insert_event_after(queue_name text, deliver_after timestamptz, ev_type text, ev_data text) returns bigint
language plpgsql as $$
begin
    return pgq.insert_event_after($1, $2, $3, $4, null, null, null, null);
end $$;
