-- Keeps, in the transaction of the batch's effects, a letter for the source's queue of dead letters.
create or replace function pgq_ext.keep_letter(
    a_consumer text, a_subconsumer text, a_tick_id bigint, a_type text, a_data text,
    a_extra1 text, a_extra2 text, a_extra3 text, a_extra4 text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into pgq_ext.kept_verdict (consumer_id, subconsumer_id, place, tick_id, ev_type, ev_data,
                                      ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select a_consumer, a_subconsumer, coalesce(max(place), 0) + 1, a_tick_id, a_type, a_data,
               a_extra1, a_extra2, a_extra3, a_extra4
        from pgq_ext.kept_verdict where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
end $$;
