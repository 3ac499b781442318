-- Removes one member that was silent for too long and gives its batch, under a new id, to the member i_heir. Returns the new
-- id, or null when nobody is dead or the dead one had no batch.
create or replace function pgq_coop._take_over(
    i_queue_id integer, i_sub_id integer, i_main integer, i_heir integer, i_dead_interval interval)
returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    dead record;
    id bigint;
begin
    -- Whoever holds its row at this moment is finishing its batch, so it is not dead. The oldest batch goes first.
    select s.sub_consumer, s.sub_batch, s.sub_last_tick, s.sub_next_tick into dead
        from pgq.subscription s
        where s.sub_queue = i_queue_id and s.sub_id = i_sub_id and s.sub_consumer not in (i_main, i_heir)
          and s.sub_active < now() - i_dead_interval
        order by s.sub_last_tick nulls last, s.sub_consumer
        limit 1
        for update skip locked;
    if not found then
        return null;
    end if;
    delete from pgq.subscription where sub_queue = i_queue_id and sub_consumer = dead.sub_consumer;
    if dead.sub_batch is null then
        return null;
    end if;

    id := nextval('pgq.batch_id_seq');
    update pgq.subscription
        set sub_batch = id, sub_last_tick = dead.sub_last_tick, sub_next_tick = dead.sub_next_tick, sub_active = now()
        where sub_queue = i_queue_id and sub_consumer = i_heir;

    -- Who comes back after longer than this is still refused, only not told by whom.
    delete from pgq_coop.taken_over where taken_at < now() - interval '30 days';
    insert into pgq_coop.taken_over (batch_id, consumer_name, taken_by, new_batch_id)
        select dead.sub_batch, former.co_name, heir.co_name, id
        from pgq.consumer former, pgq.consumer heir
        where former.co_id = dead.sub_consumer and heir.co_id = i_heir;
    return id;
end $$;
