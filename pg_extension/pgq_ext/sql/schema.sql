-- Settings for the time of the script, and the schema.
set local client_min_messages = 'warning';

create schema if not exists pgq_ext;
