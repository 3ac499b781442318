-- What is kept of the batch that ends at a tick, in order, at most so many rows behind a place. They are kept until the next batch.
create or replace function pgq_ext.kept_verdicts(
    a_consumer text, a_subconsumer text, a_tick_id bigint, a_after bigint, a_limit integer,
    out place bigint, out event_id bigint, out delay integer, out ev_type text, out ev_data text,
    out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select k.place, k.event_id, k.delay, k.ev_type, k.ev_data, k.ev_extra1, k.ev_extra2, k.ev_extra3, k.ev_extra4
        from pgq_ext.kept_verdict k
        where k.consumer_id = a_consumer and k.subconsumer_id = a_subconsumer and k.tick_id = a_tick_id and k.place > a_after
        order by k.consumer_id, k.subconsumer_id, k.place
        limit a_limit;
end $$;
