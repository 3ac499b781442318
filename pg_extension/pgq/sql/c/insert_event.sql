-- Insertion of events, in C.
create or replace function pgq.insert_event_raw(
    queue_name text, ev_id bigint, ev_time timestamptz, ev_owner integer, ev_retry integer, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language c as '$libdir/pgq_lowlevel', 'pgq_insert_event_raw';

create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text) returns bigint
language c as '$libdir/pgq_lowlevel', 'pgq_insert_event_3';

create or replace function pgq.insert_event(
    queue_name text, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language c security definer as '$libdir/pgq_lowlevel', 'pgq_insert_event_7';

-- Inserts many events at once: types[i] with data[i]. Returns their ids in that order.
create or replace function pgq.insert_events(queue text, types text[], data text[]) returns bigint[]
language c security definer as '$libdir/pgq_lowlevel', 'pgq_insert_events';
