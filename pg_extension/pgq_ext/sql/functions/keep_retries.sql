-- Keeps, in the transaction of the batch's effects, that events are to be delivered again after as many seconds. Returns how many.
create or replace function pgq_ext.keep_retries(
    a_consumer text, a_subconsumer text, a_tick_id bigint, a_event_ids bigint[], a_delays integer[])
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last bigint;
    added bigint;
begin
    select coalesce(max(place), 0) into last
        from pgq_ext.kept_verdict where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
    insert into pgq_ext.kept_verdict (consumer_id, subconsumer_id, place, tick_id, event_id, delay)
        select a_consumer, a_subconsumer, last + n, a_tick_id, id, seconds
        from unnest(a_event_ids, a_delays) with ordinality as one (id, seconds, n);
    get diagnostics added = row_count;
    return added;
end $$;
