-- Who may do what. Public loses what it has by default; tables are reached through the functions only.
grant usage on schema pgq_ext to public;

revoke execute on all functions in schema pgq_ext from public;

grant execute on all functions in schema pgq_ext to pgq_writer;
grant execute on function pgq_ext.version() to public;
