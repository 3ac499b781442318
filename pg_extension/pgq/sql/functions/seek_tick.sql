-- Moves a consumer to a tick that is kept, so that its next batch begins with what came after it. Returns the tick. Events that wait to be
-- retried stay.
create or replace function pgq.seek_tick(i_queue_name text, i_consumer_name text, i_tick_id bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if i_tick_id is null then
        raise exception 'Invalid NULL value';
    end if;
    perform pgq._seekable_queue(i_queue_name, i_consumer_name);
    perform pgq.register_consumer_at(i_queue_name, i_consumer_name, i_tick_id);
    return i_tick_id;
end $$;

-- To the oldest tick: all events that are kept come again.
create or replace function pgq.seek_start(i_queue_name text, i_consumer_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id constant integer := pgq._seekable_queue(i_queue_name, i_consumer_name);
begin
    return pgq.seek_tick(i_queue_name, i_consumer_name, (select min(tick_id) from pgq.tick where tick_queue = id));
end $$;

-- To the newest tick: what came before it is passed over, what came since is next.
create or replace function pgq.seek_end(i_queue_name text, i_consumer_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id constant integer := pgq._seekable_queue(i_queue_name, i_consumer_name);
begin
    return pgq.seek_tick(i_queue_name, i_consumer_name, (select max(tick_id) from pgq.tick where tick_queue = id));
end $$;
