-- Notes the event as done, in the transaction of its effects. False when it was done already: then there must be no effects.
-- Events of one batch are kept, the last that was given. Sessions with one name take turns, a transaction each.
create or replace function pgq_ext.set_event_done(a_consumer text, a_subconsumer text, a_batch_id bigint, a_event_id bigint)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    current_batch bigint;
begin
    if pgq_ext.is_event_done(a_consumer, a_subconsumer, a_batch_id, a_event_id) then
        return false;
    end if;

    insert into pgq_ext.partial_batch (consumer_id, subconsumer_id, cur_batch_id)
        values (a_consumer, a_subconsumer, a_batch_id)
        on conflict (consumer_id, subconsumer_id) do nothing;
    select cur_batch_id into current_batch
        from pgq_ext.partial_batch
        where consumer_id = a_consumer and subconsumer_id = a_subconsumer
        for no key update;
    if current_batch <> a_batch_id then
        delete from pgq_ext.completed_event
            where consumer_id = a_consumer and subconsumer_id = a_subconsumer and batch_id = current_batch;
        update pgq_ext.partial_batch
            set cur_batch_id = a_batch_id
            where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
    end if;

    insert into pgq_ext.completed_event (consumer_id, subconsumer_id, batch_id, event_id)
        values (a_consumer, a_subconsumer, a_batch_id, a_event_id)
        on conflict (consumer_id, subconsumer_id, batch_id, event_id) do nothing;
    return found;
end $$;

create or replace function pgq_ext.set_event_done(a_consumer text, a_batch_id bigint, a_event_id bigint) returns boolean
language plpgsql as $$
begin
    return pgq_ext.set_event_done(a_consumer, '', a_batch_id, a_event_id);
end $$;
