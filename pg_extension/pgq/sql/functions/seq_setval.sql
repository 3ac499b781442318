-- Raises a sequence to a value, never lowers it. Returns where it then stands.
create or replace function pgq.seq_setval(i_seq_name text, i_new_value bigint) returns bigint
language plpgsql strict as $$
declare
    current bigint := pgq.seq_getval(i_seq_name);
begin
    if current < i_new_value then
        perform setval(pgq.quote_fqname(i_seq_name)::regclass, i_new_value);
        return i_new_value;
    end if;
    return current;
end $$;
