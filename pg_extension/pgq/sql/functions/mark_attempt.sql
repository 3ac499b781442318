-- So many events of the batch are done, and the worker goes on to the next. False when another worker has begun meanwhile, or the batch
-- is not open any more: then nothing of what was done may stay.
create or replace function pgq.mark_attempt(i_batch_id bigint, i_worker text, i_place bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq.attempt a
        set place = i_place, trying = true, place_deaths = case when a.place = i_place then a.place_deaths else 0 end
        from pgq.subscription s
        where s.sub_batch = i_batch_id and a.sub_queue = s.sub_queue and a.sub_consumer = s.sub_consumer
          and a.tick_id = s.sub_next_tick and a.worker = i_worker;
    return found;
end $$;
