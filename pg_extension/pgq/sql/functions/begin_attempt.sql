-- A worker (any text that no other process has) begins to handle an open batch. Returns how many workers have died with the batch, and
-- where its events are handled one by one: how many are done, and how many workers have died with the next. All nulls for a batch that
-- is not open. A worker has died when another one begins without its having left; one that begins again has not.
create or replace function pgq.begin_attempt(
    i_batch_id bigint, i_worker text, out deaths integer, out place bigint, out place_deaths integer)
returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sub record;
    known pgq.attempt;
    died boolean;
begin
    select s.sub_queue, s.sub_consumer, s.sub_id, s.sub_next_tick into sub
        from pgq.subscription s where s.sub_batch = i_batch_id;
    if not found then
        return;
    end if;

    select a.* into known
        from pgq.attempt a
        where a.sub_queue = sub.sub_queue and a.sub_consumer = sub.sub_consumer
        for no key update;
    if not found then
        -- Seldom, so this is the time to forget subscriptions that are gone, unless their batch was taken over.
        delete from pgq.attempt a
            where a.sub_queue = sub.sub_queue
              and not exists (select from pgq.subscription s where s.sub_queue = a.sub_queue and s.sub_consumer = a.sub_consumer)
              and not exists (select from pgq.subscription s where s.sub_id = a.sub_id and s.sub_next_tick = a.tick_id);
    end if;
    if known.tick_id is distinct from sub.sub_next_tick or known.sub_id <> sub.sub_id then
        -- The batch may come from a cooperating member that has died.
        delete from pgq.attempt a
            where a.sub_queue = sub.sub_queue and a.sub_id = sub.sub_id and a.tick_id = sub.sub_next_tick
              and a.sub_consumer <> sub.sub_consumer
            returning a.* into known;
        if not found then
            known := null;
        end if;
    end if;

    died := coalesce(known.worker <> i_worker, false);
    deaths := coalesce(known.deaths, 0) + died::integer;
    place := known.place;
    place_deaths := coalesce(known.place_deaths, 0) + (died and known.trying)::integer;
    insert into pgq.attempt (sub_queue, sub_consumer, sub_id, tick_id, worker, deaths, place, trying, place_deaths)
        values (sub.sub_queue, sub.sub_consumer, sub.sub_id, sub.sub_next_tick, i_worker,
                begin_attempt.deaths, begin_attempt.place, false, begin_attempt.place_deaths)
        on conflict on constraint attempt_pkey do update
            set sub_id = excluded.sub_id, tick_id = excluded.tick_id, worker = excluded.worker, deaths = excluded.deaths,
                place = excluded.place, trying = false, place_deaths = excluded.place_deaths;
end $$;
