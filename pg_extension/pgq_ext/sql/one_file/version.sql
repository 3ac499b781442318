-- Version, where no extension can tell it.
create or replace function pgq_ext.version() returns text
language plpgsql as $$
begin
    return '4.0';
end $$;
