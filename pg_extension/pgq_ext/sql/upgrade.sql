-- What an older version's tables lack.
select pgq_ext.upgrade_schema();
