-- Version of the installed extension.
create or replace function pgq_coop.version() returns text
language plpgsql as $$
begin
    return (select extversion from pg_catalog.pg_extension where extname = 'pgq_coop');
end $$;
