-- Whether the batch is the last one that the consumer has done here. Null for a null batch of a known consumer.
create or replace function pgq_ext.is_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    done boolean;
begin
    select last_batch_id = a_batch_id into done
        from pgq_ext.completed_batch
        where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
    if not found then
        return false;
    end if;
    return done;
end $$;

create or replace function pgq_ext.is_batch_done(a_consumer text, a_batch_id bigint) returns boolean
language plpgsql as $$
begin
    return pgq_ext.is_batch_done(a_consumer, '', a_batch_id);
end $$;
