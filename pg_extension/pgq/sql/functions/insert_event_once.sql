-- Inserts an event unless one was inserted into this queue under the same key less than key_window before: then returns the id of that
-- one, and false. Who comes while another's transaction with the key is open waits for how that ends. Keys are independent of what the
-- events hold, and live until the window of whoever inserted is over.
create or replace function pgq.insert_event_once(
    queue_name text, event_key text, key_window interval, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text, out ev_id bigint, out inserted boolean)
returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id integer;
    event_seq text;
begin
    if $2 is null or octet_length($2) > 1000 then
        raise exception 'event_key must not be null, nor longer than 1000 bytes' using errcode = 'invalid_parameter_value';
    end if;
    if $3 is null or $3 <= interval '0' then
        raise exception 'key_window must be longer than 0' using errcode = 'invalid_parameter_value';
    end if;
    id := pgq._insertable_queue($1);
    select queue_event_seq into event_seq from pgq.queue where queue_id = id;

    inserted := false;
    loop
        select key_event into ev_id from pgq.event_key
            where key_queue = id and key_name = $2 and key_expires > clock_timestamp();
        if found then
            return;
        end if;
        insert into pgq.event_key as k (key_queue, key_name, key_event, key_expires)
            values (id, $2, nextval(event_seq::regclass), clock_timestamp() + $3)
            on conflict on constraint event_key_pkey do update
                set key_event = excluded.key_event, key_expires = excluded.key_expires
                where k.key_expires <= clock_timestamp()
            returning key_event into ev_id;
        if found then
            inserted := true;
            perform pgq.insert_event_raw($1, ev_id, now(), null, null, $4, $5, $6, $7, $8, $9);
            return;
        end if;
    end loop;
end $$;

create or replace function pgq.insert_event_once(
    queue_name text, event_key text, key_window interval, ev_type text, ev_data text, out ev_id bigint, out inserted boolean)
returns record
language plpgsql as $$
begin
    select o.ev_id, o.inserted into ev_id, inserted
        from pgq.insert_event_once($1, $2, $3, $4, $5, null, null, null, null) o;
end $$;
