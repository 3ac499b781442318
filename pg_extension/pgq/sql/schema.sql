-- Settings for the time of the script, and the schema.
set local client_min_messages = 'warning';

create schema pgq;
grant usage on schema pgq to public;
