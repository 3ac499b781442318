-- The id of a queue that takes events; refuses as pgq.insert_event does.
create or replace function pgq._insertable_queue(i_queue_name text) returns integer
language plpgsql as $$
declare
    q record;
begin
    if i_queue_name is null then
        raise exception 'Queue name must not be NULL' using errcode = 'internal_error';
    end if;
    select queue_id, queue_disable_insert into q from pgq.queue where queue_name = i_queue_name;
    if not found then
        raise exception 'No such queue' using errcode = 'internal_error';
    end if;
    if q.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception 'Insert into queue disallowed' using errcode = 'internal_error';
    end if;
    return q.queue_id;
end $$;
