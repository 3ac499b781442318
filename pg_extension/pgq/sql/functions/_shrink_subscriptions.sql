-- Frees pgq.subscription of old row versions while somebody's long transaction keeps VACUUM from it. Each batch leaves two versions of its
-- consumer's row behind, and every later batch would have to pass them all.
--
-- The rows are moved to a fresh file, as rotation does with events. To a snapshot from before, the table is empty then. That is why it is
-- not done while any transaction with a snapshot is young: a dump takes its snapshot first and locks the tables a moment later, after
-- which it is safe from us, as we do not wait for locks. Functions that decide by the absence of consumers call _check_snapshot.
create or replace function pgq._shrink_subscriptions() returns void
language plpgsql as $$
declare
    page constant integer := current_setting('block_size')::integer;
    pages constant bigint := pg_relation_size('pgq.subscription') / page;
    young constant timestamptz := clock_timestamp() - interval '5 seconds';
    rows pgq.subscription[];
begin
    -- A hundred versions fit into a page: that many are passed quickly. In a transaction of several statements the lock would be kept.
    if pages <= 1 or now() <> statement_timestamp() or current_setting('transaction_isolation') <> 'read committed'
       or pages <= (select count(*) from pgq.consumer) then
        return;
    end if;
    if not coalesce((select bool_or(xact_start < young) and not bool_or(coalesce(xact_start >= young, true) or application_name = 'pg_dump')
                     from pg_catalog.pg_stat_activity
                     where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()
                       and backend_type is distinct from 'autovacuum worker'), false) then
        return;
    end if;
    begin
        lock table pgq.subscription in access exclusive mode nowait;
    exception
        when lock_not_available then return;
    end;
    select array_agg(s) into rows from pgq.subscription s;
    if pages > coalesce(cardinality(rows), 0) then
        truncate pgq.subscription;
        insert into pgq.subscription select u.* from unnest(rows) u;
    end if;
end $$;
