create or replace function pgq.jsontriga() returns trigger language plpgsql as $$ begin return null; end $$;
create or replace function pgq.logutriga() returns trigger language plpgsql as $$ begin return null; end $$;
create or replace function pgq.sqltriga() returns trigger language plpgsql as $$ begin return null; end $$;
