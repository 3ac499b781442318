-- Moves a consumer to a tick that is kept, so that its next batch begins with what came after it. Returns the tick. Events that wait to be
-- retried stay.
create or replace function pgq.seek_tick(i_queue_name text, i_consumer_name text, i_tick_id bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
begin
    if i_queue_name is null or i_consumer_name is null or i_tick_id is null then
        raise exception 'Invalid NULL value';
    end if;
    -- Rotation must not take the tick away meanwhile.
    select queue_id into id from pgq.queue where queue_name = i_queue_name for share;
    if not found then
        raise exception 'No such event queue: %', i_queue_name;
    end if;
    if not exists (select from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
                   where s.sub_queue = id and c.co_name = i_consumer_name and s.sub_last_tick is not null) then
        raise exception 'Not subscriber to queue: %/%', i_queue_name, i_consumer_name;
    end if;
    perform pgq.register_consumer_at(i_queue_name, i_consumer_name, i_tick_id);
    return i_tick_id;
end $$;

-- To the oldest tick: all events that are kept come again.
create or replace function pgq.seek_start(i_queue_name text, i_consumer_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
begin
    select queue_id into id from pgq.queue where queue_name = i_queue_name for share;
    return pgq.seek_tick(i_queue_name, i_consumer_name, coalesce((select min(tick_id) from pgq.tick where tick_queue = id), 0));
end $$;

-- To the newest tick: what came before it is passed over, what came since is next.
create or replace function pgq.seek_end(i_queue_name text, i_consumer_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
begin
    select queue_id into id from pgq.queue where queue_name = i_queue_name for share;
    return pgq.seek_tick(i_queue_name, i_consumer_name, coalesce((select max(tick_id) from pgq.tick where tick_queue = id), 0));
end $$;
