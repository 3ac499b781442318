-- First key of the advisory locks of tickers; the second is the queue's id.
create or replace function pgq._ticker_lock_class() returns integer
language sql immutable parallel safe as $$ select 1885827412 $$;
