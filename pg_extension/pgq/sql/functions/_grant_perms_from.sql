-- Gives a table the privileges that another one has.
create or replace function pgq._grant_perms_from(src_schema text, src_table text, dst_schema text, dst_table text) returns integer
language plpgsql strict as $$
declare
    given record;
begin
    for given in
        select p.grantee::text as grantee, p.privilege_type::text as privilege, p.is_grantable = 'YES' as grantable
        from information_schema.table_privileges p
        where p.table_schema = src_schema and p.table_name = src_table
    loop
        execute format('grant %s on %I.%I to %s%s', given.privilege, dst_schema, dst_table,
                       case when given.grantee = 'PUBLIC' then 'public' else quote_ident(given.grantee) end,
                       case when given.grantable then ' with grant option' else '' end);
    end loop;
    return 1;
end $$;
