-- Events that a consumer has not finished: those behind its position, ticked or not, and those that wait to be retried. In order of id,
-- after one id and at most so many; null: from the first, all. Changes nothing. ev_retry_after is null for events of the first kind;
-- ev_txid is 0 where it is not known any more.
create or replace function pgq.get_waiting_events(
    i_queue_name text, i_consumer_name text, i_after_id bigint, i_limit integer,
    out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry int4, out ev_type text, out ev_data text,
    out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text, out ev_retry_after timestamptz)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    columns constant text :=
        'ev_id, ev_time, coalesce(ev_txid, 0), ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4';
    sub record;
begin
    select s.sub_id, q.queue_data_pfx, t.tick_snapshot as position into sub
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id
        join pgq.consumer c on c.co_id = s.sub_consumer
        join pgq.tick t on t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick
        where q.queue_name = i_queue_name and c.co_name = i_consumer_name;
    if not found then
        raise exception 'Not subscriber to queue: %/%', coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
    end if;
    return query execute format(
        '(select %1$s, null::timestamptz from %2$s where ev_txid >= $1 and not txid_visible_in_snapshot(ev_txid, $2)'
        ' and (ev_owner is null or ev_owner = $3) and ($4 is null or ev_id > $4) order by ev_id limit $5)'
        ' union all'
        ' (select %1$s, ev_retry_after from pgq.retry_queue'
        ' where ev_owner = $3 and ($4 is null or ev_id > $4) order by ev_id limit $5)'
        ' order by 1 limit $5', columns, sub.queue_data_pfx)
        using txid_snapshot_xmin(sub.position), sub.position, sub.sub_id, i_after_id, i_limit;
end $$;
