-- Triggers that put changes of a table into a queue, in C.
create or replace function pgq.jsontriga() returns trigger language c as '$libdir/pgq_triggers', 'pgq_jsontriga';
create or replace function pgq.logutriga() returns trigger language c as '$libdir/pgq_triggers', 'pgq_logutriga';
create or replace function pgq.sqltriga() returns trigger language c as '$libdir/pgq_triggers', 'pgq_sqltriga';
