-- Forgets keys whose window is over. Returns how many; when it is not 0, there may be more.
create or replace function pgq.maint_event_keys() returns integer
language plpgsql as $$
declare
    forgotten integer;
begin
    delete from pgq.event_key k
        using (select key_queue, key_name from pgq.event_key where key_expires < current_timestamp
               order by key_expires limit 10000 for update skip locked) old
        where k.key_queue = old.key_queue and k.key_name = old.key_name;
    get diagnostics forgotten = row_count;
    return forgotten;
end $$;
