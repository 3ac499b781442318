-- The member is done with the batch. Returns 1, or 0 with a warning when no member has the batch. An error says by whom it was
-- taken over, so that effects that go into the same transaction are undone.
create or replace function pgq_coop.finish_batch(i_batch_id bigint) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq.subscription s
        set sub_active = now(), sub_last_tick = null, sub_next_tick = null, sub_batch = null
        where s.sub_batch = i_batch_id and pgq_coop._is_member(s.sub_queue, s.sub_id, s.sub_consumer);
    if found then
        return 1;
    end if;
    return pgq_coop._not_held('coop_finish_batch', i_batch_id);
end $$;
