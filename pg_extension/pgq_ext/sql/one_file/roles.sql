-- The role, where no pgq has created it.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'pgq_writer') then
        create role pgq_writer;
    end if;
end $$;
