-- Roles, where they are missing.
select pgq.upgrade_schema();
