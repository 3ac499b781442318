-- Refuses a transaction whose snapshot is older than the queue's last rotation: it would write to a table that nobody reads any more.
-- READ COMMITTED takes a new snapshot for each statement and is never refused. Rotation truncates, so a table's file tells.
--
-- The transaction must have its id already. If rotation switches tables after this check, then its second step will get a higher id, and
-- batches look for ours in both tables.
create or replace function pgq._check_rotation(i_prefix text, i_tables integer) returns void
language plpgsql as $$
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable')
       and exists (select from generate_series(0, i_tables - 1) n, to_regclass(i_prefix || '_' || n) t
                   where pg_relation_filenode(t) is distinct from (select relfilenode from pg_catalog.pg_class where oid = t)) then
        raise exception 'could not serialize access due to a concurrent rotation of %', i_prefix
            using errcode = 'serialization_failure';
    end if;
end $$;
