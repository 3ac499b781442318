-- Version of the installed extension.
create or replace function pgq_ext.version() returns text
language plpgsql as $$
begin
    return (select extversion from pg_catalog.pg_extension where extname = 'pgq_ext');
end $$;
