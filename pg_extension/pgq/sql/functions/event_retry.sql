-- Puts an event of an open batch aside, to be delivered again after a time. Returns 1, or 0 when it is aside already.
create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_time timestamptz) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sub record;
    added integer;
begin
    select sub_id, sub_queue into sub from pgq.subscription where sub_batch = x_batch_id;
    if not found then
        raise exception 'event not found';
    end if;
    execute 'insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,'
            ' ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
            ' select $1, $2, ev_id, ev_time, null, $3, coalesce(ev_retry, 0) + 1,'
            ' ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
            ' from (' || pgq.batch_event_sql(x_batch_id) || ') ev where ev_id = $4'
            ' on conflict (ev_owner, ev_id) do nothing'
        using x_retry_time, sub.sub_queue, sub.sub_id, x_event_id;
    get diagnostics added = row_count;
    if added > 0 then
        return 1;
    end if;
    if exists (select from pgq.retry_queue where ev_owner = sub.sub_id and ev_id = x_event_id) then
        execute 'select from (' || pgq.batch_event_sql(x_batch_id) || ') ev where ev_id = $1' using x_event_id;
        get diagnostics added = row_count;
        if added > 0 then
            return 0;
        end if;
    end if;
    raise exception 'event not found';
end $$;

create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_seconds integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return pgq.event_retry(x_batch_id, x_event_id, current_timestamp + x_retry_seconds * interval '1 second');
end $$;
