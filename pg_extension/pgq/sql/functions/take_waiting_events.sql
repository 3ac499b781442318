-- Takes events out of what waits for a consumer, and returns them: they are not delivered to it any more. Null stands for all that
-- wait. Ids that do not wait are passed over. What happens with the events is the caller's business, in the same transaction.
--
-- Nothing can be taken out of the middle of a queue. So the consumer is brought to a new tick, and all that lay before it is put aside
-- among the events to be retried, for a time that never comes; from there single events are taken. This leaves rotation its way, and each
-- event is put aside once in its life.
create or replace function pgq.take_waiting_events(
    i_queue_name text, i_consumer_name text, i_event_ids bigint[],
    out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry int4, out ev_type text, out ev_data text,
    out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sub record;
    tick bigint;
    batch bigint;
    snapshot txid_snapshot;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'events can be taken only at isolation level "read committed"'
            using errcode = 'invalid_transaction_state';
    end if;
    -- Those who take events from one consumer take turns.
    select s.sub_queue, s.sub_consumer, s.sub_id, s.sub_last_tick, s.sub_batch, q.queue_event_seq, q.queue_tick_seq,
           q.queue_external_ticker into sub
        from pgq.queue q
        join pgq.subscription s on s.sub_queue = q.queue_id
        join pgq.consumer c on c.co_id = s.sub_consumer
        where q.queue_name = i_queue_name and c.co_name = i_consumer_name
        for update of s for key share of q;
    if not found then
        raise exception 'Not subscriber to queue: %/%', coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
    end if;
    if exists (select from pgq.subscription s where s.sub_id = sub.sub_id and s.sub_consumer <> sub.sub_consumer) then
        raise exception 'cannot take events from % on queue %: it is cooperative', i_consumer_name, i_queue_name;
    end if;

    if exists (select from pgq.get_waiting_events(i_queue_name, i_consumer_name, null, null) w
               where w.ev_retry_after is null and (i_event_ids is null or w.ev_id = any (i_event_ids))) then
        if sub.queue_external_ticker then
            raise exception 'cannot take events from queue %: it has an external tick source', i_queue_name;
        end if;
        if sub.sub_batch is not null then
            raise notice 'batch % of consumer % is dropped unfinished', sub.sub_batch, i_consumer_name;
        end if;
        perform pg_advisory_xact_lock(pgq._ticker_lock_class(), sub.sub_queue);
        tick := nextval(sub.queue_tick_seq::regclass);
        -- The server's snapshot may count this transaction among those that are over. What it still inserts comes after the tick.
        snapshot := txid_current_snapshot();
        if txid_visible_in_snapshot(txid_current(), snapshot) then
            select format('%s:%s:%s', txid_snapshot_xmin(snapshot), txid_snapshot_xmax(snapshot), string_agg(x::text, ',' order by x))
                into snapshot
                from (select txid_snapshot_xip(snapshot) union all select txid_current()) running (x);
        end if;
        insert into pgq.tick (tick_queue, tick_id, tick_snapshot, tick_event_seq)
            values (sub.sub_queue, tick, snapshot, coalesce(pg_sequence_last_value(sub.queue_event_seq::regclass), 0));
        perform pgq._notify_tick(i_queue_name);

        batch := nextval('pgq.batch_id_seq');
        update pgq.subscription set sub_batch = batch, sub_next_tick = tick
            where sub_queue = sub.sub_queue and sub_consumer = sub.sub_consumer;
        insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,
                                     ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
            select 'infinity', sub.sub_queue, b.ev_id, b.ev_time, b.ev_txid, sub.sub_id, b.ev_retry,
                   b.ev_type, b.ev_data, b.ev_extra1, b.ev_extra2, b.ev_extra3, b.ev_extra4
            from pgq.get_batch_events(batch) b
            on conflict on constraint rq_pkey do nothing;
        perform pgq.finish_batch(batch);
    end if;

    return query
        with taken as (
            delete from pgq.retry_queue r
                where r.ev_owner = sub.sub_id and (i_event_ids is null or r.ev_id = any (i_event_ids))
                returning r.*)
        select t.ev_id, t.ev_time, coalesce(t.ev_txid, 0), t.ev_retry, t.ev_type, t.ev_data, t.ev_extra1, t.ev_extra2, t.ev_extra3,
               t.ev_extra4
        from taken t order by 1;
end $$;
