-- What is still to be said at the source of the events of the batch that completed_tick names: stored in the transaction of the batch's
-- effects, so that it is not lost with the process that would have said it. Events to be delivered again have a delay, letters have none.
create table if not exists pgq_ext.kept_verdict (
    consumer_id text not null,
    subconsumer_id text not null default '',
    place bigint not null,
    tick_id bigint not null,
    event_id bigint,
    delay integer,
    ev_type text,
    ev_data text,
    ev_extra1 text,
    ev_extra2 text,
    ev_extra3 text,
    ev_extra4 text,
    constraint kept_verdict_pkey primary key (consumer_id, subconsumer_id, place)
);
