-- The id of a queue in which the consumer can be moved. Until the transaction ends, rotation takes no tick of it away.
create or replace function pgq._seekable_queue(i_queue_name text, i_consumer_name text) returns integer
language plpgsql as $$
declare
    id integer;
begin
    if i_queue_name is null or i_consumer_name is null then
        raise exception 'Invalid NULL value';
    end if;
    select queue_id into id from pgq.queue where queue_name = i_queue_name for share;
    if not found then
        raise exception 'No such event queue: %', i_queue_name;
    end if;
    if not exists (select from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
                   where s.sub_queue = id and c.co_name = i_consumer_name and s.sub_last_tick is not null) then
        raise exception 'Not subscriber to queue: %/%', i_queue_name, i_consumer_name;
    end if;
    return id;
end $$;
