-- Subscribes a consumer at a tick, or moves it there. Returns 1 for a new subscription, else 0.
create or replace function pgq.register_consumer_at(x_queue_name text, x_consumer_name text, x_tick_pos bigint) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
    consumer integer;
    position bigint;
    open_batch bigint;
begin
    select queue_id into id from pgq.queue where queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not created yet';
    end if;
    if x_tick_pos is not null then
        -- Rotation must not take the tick away between the look and the end of our transaction.
        perform from pgq.queue where queue_id = id for share;
    end if;

    -- Not `for update`: whoever holds a subscription and writes it twice looks at this row by its foreign key, and would wait for us
    -- while we wait for the subscription.
    select co_id into consumer from pgq.consumer where co_name = x_consumer_name for no key update;
    if not found then
        insert into pgq.consumer (co_name) values (x_consumer_name) on conflict (co_name) do nothing;
        select co_id into consumer from pgq.consumer where co_name = x_consumer_name for no key update;
    end if;

    if x_tick_pos is not null
       and not exists (select from pgq.tick where tick_queue = id and tick_id = x_tick_pos) then
        raise exception 'cannot reposition, tick not found: %', x_tick_pos;
    end if;

    select sub_batch into open_batch from pgq.subscription where sub_queue = id and sub_consumer = consumer for update;
    if found then
        if x_tick_pos is not null then
            if open_batch is not null then
                raise notice 'batch % of consumer % is dropped unfinished', open_batch, x_consumer_name;
            end if;
            update pgq.subscription
                set sub_last_tick = x_tick_pos, sub_batch = null, sub_next_tick = null, sub_active = now()
                where sub_queue = id and sub_consumer = consumer;
        end if;
        return 0;
    end if;

    position := x_tick_pos;
    if position is null then
        select tick_id into position from pgq.tick where tick_queue = id order by tick_queue desc, tick_id desc limit 1;
        if not found then
            raise exception 'No ticks for this queue.  Please run ticker on database.';
        end if;
    end if;
    insert into pgq.subscription (sub_queue, sub_consumer, sub_last_tick) values (id, consumer, position);
    return 1;
end $$;
