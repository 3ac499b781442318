-- Whether a subscription is a member of another consumer of the queue.
create or replace function pgq_coop._is_member(i_queue_id integer, i_sub_id integer, i_consumer integer) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select
        from pgq.subscription m
        join pgq.consumer mc on mc.co_id = m.sub_consumer
        join pgq.consumer c on c.co_id = i_consumer
        where m.sub_queue = i_queue_id and m.sub_id = i_sub_id and m.sub_consumer <> i_consumer
          and starts_with(c.co_name, mc.co_name || '.'));
end $$;
