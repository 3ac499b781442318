-- Opens the next batch, of one tick. Null when there is none.
create or replace function pgq.next_batch(i_queue_name text, i_consumer_name text) returns bigint
language plpgsql as $$
begin
    return (pgq.next_batch_custom(i_queue_name, i_consumer_name, null, null, null)).batch_id;
end $$;
