-- Storage parameters of event tables: rows only ever come and go by table. Returns 0 for an unknown queue.
create or replace function pgq.tune_storage(i_queue_name text) returns integer
language plpgsql strict as $$
declare
    prefix text;
    tables integer;
begin
    select queue_data_pfx, queue_ntables into prefix, tables from pgq.queue where queue_name = i_queue_name;
    if not found then
        return 0;
    end if;
    for n in 0 .. tables - 1 loop
        execute format('alter table %s_%s set (fillfactor = 100, autovacuum_enabled = off, toast.autovacuum_enabled = off)',
                       prefix, n);
    end loop;
    return 1;
end $$;
