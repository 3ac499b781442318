-- Makes the member one of the consumer's, and the consumer one of the queue's. Returns 1 for a new member, else 0.
create or replace function pgq_coop.register_subconsumer(i_queue_name text, i_consumer_name text, i_subconsumer_name text)
returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member_name constant text := i_consumer_name || '.' || i_subconsumer_name;
    main record;
begin
    -- Two sessions may be the first to use a name. The second waits here for the first, whatever the version of pgq does.
    insert into pgq.consumer (co_name)
        select n.name
        from unnest(array[i_consumer_name, member_name]) with ordinality n (name, place)
        where exists (select from pgq.queue where queue_name = i_queue_name)
          and not exists (select from pgq.consumer where co_name = n.name)
        order by n.place
        on conflict (co_name) do nothing;

    perform pgq.register_consumer(i_queue_name, i_consumer_name);
    select s.sub_queue, s.sub_id into main
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id
        join pgq.consumer c on c.co_id = s.sub_consumer
        where q.queue_name = i_queue_name and c.co_name = i_consumer_name;
    if not found then
        raise exception 'main consumer not found';
    end if;

    -- A member shares the consumer's id, to which events to be retried belong, and has no position while it has no batch.
    insert into pgq.subscription (sub_id, sub_queue, sub_consumer)
        select main.sub_id, main.sub_queue, c.co_id from pgq.consumer c where c.co_name = member_name
        on conflict (sub_queue, sub_consumer) do nothing;
    return found::integer;
end $$;
