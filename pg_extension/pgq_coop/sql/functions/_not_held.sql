-- What is said of a batch that no member has: an error when it was taken over, else a warning. Returns 0.
create or replace function pgq_coop._not_held(i_caller text, i_batch_id bigint) returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    heir record;
begin
    select t.taken_by, t.new_batch_id into heir from pgq_coop.taken_over t where t.batch_id = i_batch_id;
    if found then
        raise exception '%: batch % was taken over by % as batch %', i_caller, i_batch_id, heir.taken_by, heir.new_batch_id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    raise warning '%: batch % not found', i_caller, i_batch_id;
    return 0;
end $$;
