-- Insertion of events, without C.
create or replace function pgq.insert_event_raw(
    queue_name text, ev_id bigint, ev_time timestamptz, ev_owner integer, ev_retry integer, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language plpgsql as $$
declare
    q record;
    id bigint;
    counter text;
    already integer;
begin
    if $1 is null then
        raise exception 'Queue name must not be NULL' using errcode = 'internal_error';
    end if;
    -- The id comes before the look, see _check_rotation.
    perform txid_current();
    select c.queue_id, c.queue_name, c.queue_data_pfx || '_' || c.queue_cur_table as target, c.queue_data_pfx, c.queue_ntables,
           c.queue_disable_insert, c.queue_per_tx_limit, nextval(c.queue_event_seq::regclass) as next_id into q
        from pgq.queue c where c.queue_name = $1;
    if not found then
        raise exception 'No such queue' using errcode = 'internal_error';
    end if;
    if q.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception 'Insert into queue disallowed' using errcode = 'internal_error';
    end if;
    perform pgq._check_rotation(q.queue_data_pfx, q.queue_ntables);

    if q.queue_per_tx_limit >= 0 then
        counter := 'pgq.events_of_' || q.queue_id;
        already := coalesce(nullif(current_setting(counter, true), '')::integer, 0) + 1;
        if already > q.queue_per_tx_limit then
            raise exception 'Queue ''%'' allows max % events from one TX', q.queue_name, q.queue_per_tx_limit
                using errcode = 'internal_error';
        end if;
        perform set_config(counter, already::text, true);
    end if;

    id := coalesce($2, q.next_id);
    execute 'insert into ' || q.target || ' (ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data,'
            ' ev_extra1, ev_extra2, ev_extra3, ev_extra4) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)'
        using id, coalesce($3, now()), $4, $5, $6, $7, $8, $9, $10, $11;
    return id;
end $$;

create or replace function pgq.insert_event(
    queue_name text, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return pgq.insert_event_raw($1, null, now(), null, null, $2, $3, $4, $5, $6, $7);
end $$;

create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text) returns bigint
language plpgsql as $$
begin
    return pgq.insert_event($1, $2, $3, null, null, null, null);
end $$;

-- Inserts many events at once: types[i] with data[i]. Returns their ids in that order.
create or replace function pgq.insert_events(queue text, types text[], data text[]) returns bigint[]
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ev record;
    ids bigint[] := '{}';
begin
    if $1 is null then
        raise exception 'Queue name must not be NULL' using errcode = 'internal_error';
    end if;
    if $2 is null then
        raise exception 'types must not be null' using errcode = 'null_value_not_allowed';
    end if;
    if $3 is null then
        raise exception 'data must not be null' using errcode = 'null_value_not_allowed';
    end if;
    if array_ndims($2) > 1 then
        raise exception 'types must be a one-dimensional array' using errcode = 'array_subscript_error';
    end if;
    if array_ndims($3) > 1 then
        raise exception 'data must be a one-dimensional array' using errcode = 'array_subscript_error';
    end if;
    if cardinality($2) <> cardinality($3) then
        raise exception 'types and data must have the same length, not % and %', cardinality($2), cardinality($3)
            using errcode = 'array_subscript_error';
    end if;
    for ev in select u.t, u.d from unnest($2, $3) with ordinality as u (t, d, place) order by u.place loop
        ids := ids || pgq.insert_event_raw($1, null, now(), null, null, ev.t, ev.d, null, null, null, null);
    end loop;
    return ids;
end $$;
