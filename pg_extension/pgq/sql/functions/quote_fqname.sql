-- Quotes `schema.name` for a statement. The first dot divides; without one the schema is public.
create or replace function pgq.quote_fqname(i_name text) returns text
language plpgsql strict immutable as $$
declare
    dot integer := strpos(i_name, '.');
begin
    if dot = 0 then
        return 'public.' || quote_ident(i_name);
    end if;
    return quote_ident(substr(i_name, 1, dot - 1)) || '.' || quote_ident(substr(i_name, dot + 1));
end $$;
