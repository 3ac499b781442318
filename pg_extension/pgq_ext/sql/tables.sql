-- What a consumer of another database has done in this one. A consumer without members has the empty subconsumer_id.

create table if not exists pgq_ext.completed_tick (
    consumer_id text not null,
    subconsumer_id text not null default '',
    last_tick_id bigint not null,
    constraint completed_tick_pkey primary key (consumer_id, subconsumer_id)
);

create table if not exists pgq_ext.completed_batch (
    consumer_id text not null,
    subconsumer_id text not null default '',
    last_batch_id bigint not null,
    constraint completed_batch_pkey primary key (consumer_id, subconsumer_id)
);

-- Events of the batch that partial_batch names.
create table if not exists pgq_ext.completed_event (
    consumer_id text not null,
    subconsumer_id text not null default '',
    batch_id bigint not null,
    event_id bigint not null,
    constraint completed_event_pkey primary key (consumer_id, subconsumer_id, batch_id, event_id)
);

create table if not exists pgq_ext.partial_batch (
    consumer_id text not null,
    subconsumer_id text not null default '',
    cur_batch_id bigint not null,
    constraint partial_batch_pkey primary key (consumer_id, subconsumer_id)
);
