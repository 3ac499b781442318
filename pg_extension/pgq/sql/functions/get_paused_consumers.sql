-- Consumers that are paused, of one queue or, when the name is null, of all.
create or replace function pgq.get_paused_consumers(
    i_queue_name text, out queue_name text, out consumer_name text, out paused_since timestamptz)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select q.queue_name, c.co_name, s.sub_paused
        from pgq.subscription s
        join pgq.queue q on q.queue_id = s.sub_queue
        join pgq.consumer c on c.co_id = s.sub_consumer
        where s.sub_paused is not null and (i_queue_name is null or q.queue_name = i_queue_name)
        order by 1, 2;
end $$;
