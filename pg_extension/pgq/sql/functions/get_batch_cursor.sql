-- Opens a cursor over a batch and returns its first rows; the client fetches the others. i_extra_where is SQL, put in as it is.
create or replace function pgq.get_batch_cursor(
    i_batch_id bigint, i_cursor_name text, i_quick_limit int4, i_extra_where text,
    out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry int4, out ev_type text, out ev_data text,
    out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql as $$
declare
    ordering constant text := ' order by 1';
    query text;
begin
    if i_batch_id is null or i_cursor_name is null or i_quick_limit is null then
        return;
    end if;
    query := pgq.batch_event_sql(i_batch_id);
    if i_extra_where is not null then
        query := 'select * from (' || left(query, -length(ordering)) || ') _evs where (' || i_extra_where || ')' || ordering;
    end if;
    execute 'declare ' || quote_ident(i_cursor_name) || ' no scroll cursor for ' || query;
    if i_quick_limit > 0 then
        return query execute 'fetch ' || i_quick_limit || ' from ' || quote_ident(i_cursor_name);
    end if;
end $$;

create or replace function pgq.get_batch_cursor(
    i_batch_id bigint, i_cursor_name text, i_quick_limit int4,
    out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry int4, out ev_type text, out ev_data text,
    out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql strict as $$
begin
    return query select * from pgq.get_batch_cursor(i_batch_id, i_cursor_name, i_quick_limit, null);
end $$;
