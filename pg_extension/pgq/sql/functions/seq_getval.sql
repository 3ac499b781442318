-- The last value of a sequence, which stays where it is.
create or replace function pgq.seq_getval(i_seq_name text) returns bigint
language plpgsql strict as $$
declare
    result bigint;
begin
    execute 'select last_value from ' || pgq.quote_fqname(i_seq_name) into result;
    return result;
end $$;
