-- Ends a membership. Returns 1, or 0 when there is no such member.
-- i_batch_handling: 1 drops the batch that the member may have, and its events with it; with any other value that is an error.
create or replace function pgq_coop.unregister_subconsumer(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_batch_handling integer)
returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member record;
begin
    select s.sub_queue, s.sub_consumer, s.sub_batch into member
        from pgq.queue q
        join pgq.consumer mc on mc.co_name = i_consumer_name
        join pgq.subscription m on m.sub_queue = q.queue_id and m.sub_consumer = mc.co_id
        join pgq.consumer c on c.co_name = i_consumer_name || '.' || i_subconsumer_name
        join pgq.subscription s on s.sub_queue = q.queue_id and s.sub_consumer = c.co_id and s.sub_id = m.sub_id
        where q.queue_name = i_queue_name
        for update of s;
    if not found then
        return 0;
    end if;
    if member.sub_batch is not null and i_batch_handling is distinct from 1 then
        raise exception 'subconsumer has active batch';
    end if;

    delete from pgq.subscription where sub_queue = member.sub_queue and sub_consumer = member.sub_consumer;
    return 1;
end $$;
