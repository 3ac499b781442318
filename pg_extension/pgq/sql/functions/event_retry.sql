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

-- Puts many events of an open batch aside, x_event_ids[i] for x_retry_seconds[i], in one pass over the batch. Returns how many were not
-- aside already; of an event that is named twice the first time counts. All or none.
--
-- Nested loops are out of the question: what the planner takes for one row may be the whole batch, read once for each id.
create or replace function pgq.event_retry(x_batch_id bigint, x_event_ids bigint[], x_retry_seconds integer[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare
    sub record;
    missing bigint;
    added bigint;
begin
    if x_event_ids is null or x_retry_seconds is null then
        raise exception 'x_event_ids and x_retry_seconds must not be null' using errcode = 'null_value_not_allowed';
    end if;
    if array_ndims(x_event_ids) > 1 or array_ndims(x_retry_seconds) > 1 then
        raise exception 'x_event_ids and x_retry_seconds must be one-dimensional arrays' using errcode = 'array_subscript_error';
    end if;
    if cardinality(x_event_ids) <> cardinality(x_retry_seconds) then
        raise exception 'x_event_ids and x_retry_seconds must have the same length, not % and %',
                        cardinality(x_event_ids), cardinality(x_retry_seconds)
            using errcode = 'array_subscript_error';
    end if;
    if array_position(x_event_ids, null) is not null or array_position(x_retry_seconds, null) is not null then
        raise exception 'x_event_ids and x_retry_seconds must not hold nulls' using errcode = 'null_value_not_allowed';
    end if;

    select sub_id, sub_queue into sub from pgq.subscription where sub_batch = x_batch_id;
    if not found then
        raise exception 'event not found' using detail = format('Batch %s is not open.', x_batch_id);
    end if;
    execute 'with asked as materialized ('
            '  select distinct on (id) id, seconds from unnest($3, $4) with ordinality one(id, seconds, place) order by id, place),'
            ' known as materialized ('
            '  select ev.*, asked.seconds from asked join (' || pgq.batch_event_sql(x_batch_id) || ') ev on ev.ev_id = asked.id),'
            ' added as ('
            '  insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,'
            '   ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
            '  select current_timestamp + seconds * interval ''1 second'', $1, ev_id, ev_time, null, $2, coalesce(ev_retry, 0) + 1,'
            '   ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
            '  from known order by ev_id'
            '  on conflict (ev_owner, ev_id) do nothing returning 1)'
            ' select (select min(id) from (select id from asked except select ev_id from known) unknown), (select count(*) from added)'
        into missing, added
        using sub.sub_queue, sub.sub_id, x_event_ids, x_retry_seconds;
    if missing is not null then
        raise exception 'event not found' using detail = format('Event %s is not in batch %s.', missing, x_batch_id);
    end if;
    return added;
end $$;
