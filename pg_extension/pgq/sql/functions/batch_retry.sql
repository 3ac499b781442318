-- Puts all events of a batch aside. Returns how many were not aside already.
create or replace function pgq.batch_retry(i_batch_id bigint, i_retry_seconds integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sub record;
    added integer;
begin
    select sub_id, sub_queue into sub from pgq.subscription where sub_batch = i_batch_id;
    if not found then
        raise exception 'batch_retry: batch % not found', i_batch_id;
    end if;
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,
                                 ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp + i_retry_seconds * interval '1 second', sub.sub_queue, b.ev_id, b.ev_time, null, sub.sub_id,
               coalesce(b.ev_retry, 0) + 1, b.ev_type, b.ev_data, b.ev_extra1, b.ev_extra2, b.ev_extra3, b.ev_extra4
        from pgq.get_batch_events(i_batch_id) b
        on conflict (ev_owner, ev_id) do nothing;
    get diagnostics added = row_count;
    return added;
end $$;
