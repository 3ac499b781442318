-- The member still works on the batch, so that others do not take it over. Returns 1, else as finish_batch does.
create or replace function pgq_coop.heartbeat(i_batch_id bigint) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update pgq.subscription s
        set sub_active = now()
        where s.sub_batch = i_batch_id and pgq_coop._is_member(s.sub_queue, s.sub_id, s.sub_consumer);
    if found then
        return 1;
    end if;
    return pgq_coop._not_held('coop_heartbeat', i_batch_id);
end $$;
