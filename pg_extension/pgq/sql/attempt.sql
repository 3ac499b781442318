-- What consumers that watch for batches which kill their process have seen of their newest batch. A row for each subscription, written
-- in place; without a reference to the subscription, which goes when a cooperating member dies, just when the row is needed.
create table if not exists pgq.attempt (
    sub_queue int4 not null,
    sub_consumer int4 not null,
    sub_id int4 not null,
    tick_id bigint not null,
    worker text,
    deaths integer not null default 0,
    place bigint,
    trying boolean not null default false,
    place_deaths integer not null default 0,
    constraint attempt_pkey primary key (sub_queue, sub_consumer),
    constraint attempt_queue_fkey foreign key (sub_queue) references pgq.queue (queue_id) on delete cascade
) with (fillfactor = 50);
