-- Notes the batch as done, in the transaction of its effects. False when it was done already: then there must be no effects.
-- Of two sessions with the same batch one waits for the other. Ids below 1 are never noted.
create or replace function pgq_ext.set_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if a_batch_id > 0 then
        insert into pgq_ext.completed_batch as known (consumer_id, subconsumer_id, last_batch_id)
            values (a_consumer, a_subconsumer, a_batch_id)
            on conflict (consumer_id, subconsumer_id) do update
                set last_batch_id = excluded.last_batch_id
                where known.last_batch_id <> excluded.last_batch_id;
        return found;
    end if;
    return not coalesce(pgq_ext.is_batch_done(a_consumer, a_subconsumer, a_batch_id), false);
end $$;

create or replace function pgq_ext.set_batch_done(a_consumer text, a_batch_id bigint) returns boolean
language plpgsql as $$
begin
    return pgq_ext.set_batch_done(a_consumer, '', a_batch_id);
end $$;
