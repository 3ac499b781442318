-- Moves the consumer from the tick where a batch begins to the tick where it ends, in the transaction of its effects. False when
-- it is there or further already: then there must be no effects. An error when the batch does not join what is done here, which
-- is how a process learns that another one of its name goes on. Without a known position any batch will do. What was kept of the
-- batch before is dropped: it was said at the source, or the source would not have given this batch out.
create or replace function pgq_ext.advance_tick(a_consumer text, a_subconsumer text, a_prev_tick_id bigint, a_tick_id bigint)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    reached bigint;
begin
    insert into pgq_ext.completed_tick (consumer_id, subconsumer_id, last_tick_id)
        values (a_consumer, a_subconsumer, a_tick_id)
        on conflict (consumer_id, subconsumer_id) do nothing;
    if found then
        delete from pgq_ext.kept_verdict where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
        return true;
    end if;

    select last_tick_id into reached
        from pgq_ext.completed_tick
        where consumer_id = a_consumer and subconsumer_id = a_subconsumer
        for no key update;
    if reached >= a_tick_id then
        return false;
    end if;
    if reached is distinct from a_prev_tick_id then
        raise exception 'advance_tick: consumer % is at tick %, the batch begins at tick %', a_consumer, reached, a_prev_tick_id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    update pgq_ext.completed_tick
        set last_tick_id = a_tick_id
        where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
    delete from pgq_ext.kept_verdict where consumer_id = a_consumer and subconsumer_id = a_subconsumer;
    return true;
end $$;

create or replace function pgq_ext.advance_tick(a_consumer text, a_prev_tick_id bigint, a_tick_id bigint) returns boolean
language plpgsql as $$
begin
    return pgq_ext.advance_tick(a_consumer, '', a_prev_tick_id, a_tick_id);
end $$;
