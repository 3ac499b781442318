-- Batches that were taken from a member that was silent for too long, so that it can be told when it comes back.
create table if not exists pgq_coop.taken_over (
    batch_id bigint not null,
    consumer_name text not null,
    taken_by text not null,
    new_batch_id bigint not null,
    taken_at timestamptz not null default now(),
    constraint taken_over_pkey primary key (batch_id)
);
