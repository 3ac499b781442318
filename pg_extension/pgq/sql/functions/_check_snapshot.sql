-- Refuses a transaction whose snapshot is older than the last rewrite of pgq.subscription: to such a snapshot the table looks empty, and
-- nobody must decide from that that there are no consumers. READ COMMITTED takes a new snapshot for each statement and is never refused.
create or replace function pgq._check_snapshot() returns void
language plpgsql as $$
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable')
       and pg_relation_filenode('pgq.subscription')
           is distinct from (select relfilenode from pg_catalog.pg_class where oid = 'pgq.subscription'::regclass) then
        raise exception 'could not serialize access due to a concurrent rewrite of pgq.subscription'
            using errcode = 'serialization_failure';
    end if;
end $$;
