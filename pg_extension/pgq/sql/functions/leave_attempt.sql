-- The worker gives the batch up without having died. False when it is not the one that works on it.
create or replace function pgq.leave_attempt(i_batch_id bigint, i_worker text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq.attempt a
        set worker = null, trying = false
        from pgq.subscription s
        where s.sub_batch = i_batch_id and a.sub_queue = s.sub_queue and a.sub_consumer = s.sub_consumer
          and a.tick_id = s.sub_next_tick and a.worker = i_worker;
    return found;
end $$;
