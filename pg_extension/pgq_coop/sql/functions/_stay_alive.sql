-- Lets a member without a batch be seen as alive. Writes seldom, since members may ask for a batch many times a second.
create or replace function pgq_coop._stay_alive(i_queue_name text, i_member_name text, i_dead_interval interval) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    update pgq.subscription s
        set sub_active = now()
        from pgq.queue q, pgq.consumer c
        where q.queue_name = i_queue_name and c.co_name = i_member_name
          and s.sub_queue = q.queue_id and s.sub_consumer = c.co_id
          and s.sub_active < now() - coalesce(i_dead_interval, '1 minute') / 4;
end $$;
