-- Moves a consumer to the last tick made at or before a time, so that its next batch begins with what came after it. Returns the tick.
create or replace function pgq.seek(i_queue_name text, i_consumer_name text, i_time timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
    target bigint;
    oldest record;
begin
    if i_time is null then
        raise exception 'Invalid NULL value';
    end if;
    id := pgq._seekable_queue(i_queue_name, i_consumer_name);
    select tick_id into target from pgq.tick where tick_queue = id and tick_time <= i_time
        order by tick_queue desc, tick_id desc limit 1;
    if not found then
        select tick_id, tick_time into oldest from pgq.tick where tick_queue = id order by tick_queue, tick_id limit 1;
        raise exception 'cannot seek in queue % to %: the oldest tick kept is % of %', i_queue_name, i_time,
            oldest.tick_id, oldest.tick_time;
    end if;
    perform pgq.register_consumer_at(i_queue_name, i_consumer_name, target);
    return target;
end $$;
