-- Tables that version 3.5 did not have.

-- Events that wait for their time. They get an id of the queue when they are moved there.
create table pgq.delayed_event (
    de_id bigserial not null,
    de_queue int4 not null,
    de_deliver_after timestamptz not null,
    ev_type text,
    ev_data text,
    ev_extra1 text,
    ev_extra2 text,
    ev_extra3 text,
    ev_extra4 text,
    constraint delayed_event_pkey primary key (de_id),
    constraint de_queue_fkey foreign key (de_queue) references pgq.queue (queue_id)
);
create index de_deliver_idx on pgq.delayed_event (de_deliver_after, de_id);

-- Keys of events that were inserted once, until they may be used again.
create table pgq.event_key (
    key_queue int4 not null,
    key_name text not null,
    key_event bigint not null,
    key_expires timestamptz not null,
    constraint event_key_pkey primary key (key_queue, key_name),
    constraint key_queue_fkey foreign key (key_queue) references pgq.queue (queue_id)
);
create index key_expires_idx on pgq.event_key (key_expires);
