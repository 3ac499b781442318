-- What maintenance has to do now, in this order: functions to call, with the argument where there is one, each in a transaction of its
-- own; or `vacuum` and a table.
create or replace function pgq.maint_operations(out func_name text, out func_arg text)
returns setof record
language plpgsql as $$
declare
    rotating boolean := false;

    has_function constant text := 'select exists (select from pg_catalog.pg_proc p'
        ' join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and p.proname = $2)';
    present boolean;
begin
    func_name := 'pgq.maint_rotate_tables_step1';
    for func_arg in
        select q.queue_name from pgq.queue q
        where q.queue_switch_step2 is not null and q.queue_switch_time + q.queue_rotation_period < current_timestamp
        order by 1
    loop
        rotating := true;
        return next;
    end loop;

    if rotating or exists (select from pgq.queue where queue_switch_step2 is null) then
        func_name := 'pgq.maint_rotate_tables_step2';
        func_arg := null;
        return next;
    end if;

    if exists (select from pgq.event_key where key_expires < current_timestamp) then
        func_name := 'pgq.maint_event_keys';
        func_arg := null;
        return next;
    end if;

    return query
        select extra.name, q.queue_name
        from pgq.queue q, unnest(q.queue_extra_maint) with ordinality as extra (name, place)
        order by q.queue_name, extra.place;

    return query select 'vacuum'::text, t from pgq.maint_tables_to_vacuum() t;

    execute has_function into present using 'pgq_node', 'maint_watermark';
    if present then
        return query execute 'select ''pgq_node.maint_watermark''::text, queue_name'
            ' from pgq_node.node_info where node_type = ''root'' order by 2';
    end if;

    execute has_function into present using 'londiste', 'root_check_seqs';
    if present then
        return query execute 'select distinct ''londiste.root_check_seqs''::text, s.queue_name'
            ' from londiste.seq_info s join pgq_node.node_info n on n.queue_name = s.queue_name'
            ' where n.node_type = ''root'' and s.local order by 2';
    end if;

    execute has_function into present using 'londiste', 'periodic_maintenance';
    if present then
        func_name := 'londiste.periodic_maintenance';
        func_arg := null;
        return next;
    end if;
end $$;
