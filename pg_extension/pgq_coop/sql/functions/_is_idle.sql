-- Whether next_batch has nothing to give, seen without a lock. When in doubt, no.
create or replace function pgq_coop._is_idle(
    i_queue_name text, i_consumer_name text, i_member_name text, i_dead_interval interval)
returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select
        from pgq.queue q
        join pgq.consumer mc on mc.co_name = i_consumer_name
        join pgq.subscription m on m.sub_queue = q.queue_id and m.sub_consumer = mc.co_id
        join pgq.consumer c on c.co_name = i_member_name
        join pgq.subscription s on s.sub_queue = q.queue_id and s.sub_consumer = c.co_id and s.sub_id = m.sub_id
        where q.queue_name = i_queue_name and m.sub_next_tick is null and s.sub_batch is null
          and not exists (select from pgq.tick t where t.tick_queue = q.queue_id and t.tick_id > m.sub_last_tick)
          and not exists (
              select from pgq.subscription other
              where other.sub_queue = q.queue_id and other.sub_id = m.sub_id
                and other.sub_consumer not in (m.sub_consumer, s.sub_consumer) and other.sub_active < now() - i_dead_interval));
end $$;
