-- Triggers that put changes of a table into a queue, without C.
--
-- Everything is looked up again for each row, so these are slow. What they write is what those in C write.

-- URL encoding of the bytes of a text: letters, digits, `_`, `.` and `-` stand for themselves, a blank becomes `+`.
create or replace function pgq._urlencode(val text) returns text
language sql strict immutable as $$
    select case when val collate "C" ~ '^[A-Za-z0-9_.-]*$' then val else (
        select string_agg(case when c collate "C" ~ '^[A-Za-z0-9_.-]$' then c
                               when c = ' ' then '+'
                               else regexp_replace(encode(convert_to(c, getdatabaseencoding()), 'hex'), '(..)', '%\1', 'g')
                          end, '' order by place)
        from regexp_split_to_table(val, '') with ordinality as split (c, place)) end
$$;

-- A name as it stands in a list or before a dot: quoted only if the divider or a quote is in it.
create or replace function pgq._list_name(name text, divider text) returns text
language sql strict immutable as $$
    select case when strpos(name, divider) > 0 or strpos(name, '"') > 0
                then '"' || replace(name, '"', '""') || '"' else name end
$$;

-- The names in a trigger's argument `ignore=` or `pkey=`.
create or replace function pgq._names_of(list text) returns text[]
language sql strict immutable as $$
    select coalesce(array_agg(case when found[1] is not null then replace(found[1], '""', '"') else found[2] end), '{}')
    from regexp_matches(list, '"((?:[^"]|"")*)"?|([^\s,"][^\s,]*)', 'g') found
$$;

-- The operator by which two values of a type are equal, or null when their texts have to be compared.
create or replace function pgq._equality_of(i_type oid) returns text
language plpgsql stable as $$
declare
    base oid := i_type;
    kind record;
    result text;
begin
    loop
        select typtype, typbasetype, typelem, typlen, typsubscript <> 0 as subscripts into kind
            from pg_catalog.pg_type where oid = base;
        exit when kind.typtype <> 'd';
        base := kind.typbasetype;
    end loop;
    -- Two arrays can be equal and yet not be written alike.
    if kind.subscripts and kind.typelem <> 0 and kind.typlen = -1 then
        return null;
    end if;
    select format('operator(%I.%s)', n.nspname, o.oprname) into result
        from (
            select base as type, 0 as distance
            union all
            select case kind.typtype when 'e' then 'anyenum' when 'r' then 'anyrange' when 'm' then 'anymultirange'
                                     when 'c' then 'record' end::regtype::oid, 1
            union all
            select casttarget, 2 from pg_catalog.pg_cast
                where castsource = base and castmethod = 'b' and castcontext = 'i'
        ) candidate
        join pg_catalog.pg_opclass c on c.opcintype = candidate.type and c.opcdefault and c.opcmethod in (403, 405)
        join pg_catalog.pg_amop a on a.amopfamily = c.opcfamily and a.amoplefttype = c.opcintype and a.amoprighttype = c.opcintype
             and a.amopstrategy = case c.opcmethod when 403 then 3 else 1 end
        join pg_catalog.pg_operator o on o.oid = a.amopopr
        join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
        order by candidate.distance, c.opcmethod
        limit 1;
    return result;
end $$;

-- The texts of some columns of a row, written the same whatever the session's settings. Those of json_columns as JSON values.
create or replace function pgq._texts_of(i_row anyelement, i_columns text[], i_types oid[], i_json boolean) returns text[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    exprs text;
    result text[];
begin
    if cardinality(i_columns) = 0 then
        return '{}';
    end if;
    select string_agg(
            format('case when ($1).%1$I is distinct from null then ', c.name)
            || format(case
                when not i_json or c.type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'format(''%%s'', ($1).%1$I)'
                when c.type = 'bool'::regtype then '($1).%1$I::text'
                when c.type in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) then 'to_json(($1).%1$I)::text'
                else 'to_json(format(''%%s'', ($1).%1$I))::text' end, c.name)
            || case when i_json then ' else ''null'' end' else ' end' end,
            ', ' order by c.place)
        into exprs
        from unnest(i_columns, i_types) with ordinality as c (name, type, place);
    execute 'select array[' || exprs || ']::text[]' into result using i_row;
    return result;
end $$;

-- For each column, whether it differs between two rows.
create or replace function pgq._changes_of(i_old anyelement, i_new anyelement, i_columns text[], i_types oid[]) returns boolean[]
language plpgsql as $$
declare
    exprs text;
    result boolean[];
begin
    select string_agg(format(
            case when c.equality is null
                then '(case when ($1).%1$I is distinct from null then pg_catalog.format(''%%s'', ($1).%1$I) end'
                     ' is distinct from case when ($2).%1$I is distinct from null then pg_catalog.format(''%%s'', ($2).%1$I) end)'
                else '(case when (($1).%1$I is distinct from null) <> (($2).%1$I is distinct from null) then true'
                     ' else coalesce(not (($1).%1$I %2$s ($2).%1$I), false) end)' end, c.name, c.equality),
            ', ' order by c.place)
        into exprs
        from (select name, place, pgq._equality_of(type) as equality
              from unnest(i_columns, i_types) with ordinality as u (name, type, place)) c;
    execute 'select array[' || exprs || ']::boolean[]' into result using i_old, i_new;
    return result;
end $$;

-- One event for one firing. On INSERT there is no i_old, on DELETE no i_new.
create or replace function pgq._capture(
    i_format text, i_when text, i_op text, i_table oid, i_args text[], i_old anyelement, i_new anyelement)
returns void
language plpgsql
set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set timezone = 'UTC' set extra_float_digits = 1
set bytea_output = 'hex' set quote_all_identifiers = off as $$
declare
    magic constant text := '_pgq_ev_';
    fields constant text[] := '{type,data,extra1,extra2,extra3,extra4}';
    arg text;
    skip boolean := false;
    deny boolean := false;
    backup boolean := false;
    pkey_update boolean := false;
    publish_root boolean := false;
    ignore_list text;
    key_given text;
    field_exprs text[] := array_fill(null::text, array[6]);
    when_expr text;
    has_exprs boolean := false;

    named oid := i_table;
    schema_name text;
    table_name text;
    full_name text;
    key_names text[];
    key_list text;
    key_json text;
    has_key boolean;

    all_columns text[];
    all_types oid[];
    col record;
    data_columns text[] := '{}';    -- what the event's data tells
    data_types oid[] := '{}';
    told_columns text[] := '{}';    -- those of them that a statement can set
    told_types oid[] := '{}';
    key_columns text[] := '{}';     -- in the table's order
    key_types oid[] := '{}';
    untouched text;
    untouched_type oid;
    identity boolean := false;

    changes boolean[];
    key_changed boolean := false;
    relevant boolean := false;
    ignored_changed boolean := false;
    sets text[] := '{}';
    ev text[] := array_fill(null::text, array[6]);
    value text;
    type_of oid;
    is_true boolean;
    i integer;
begin
    if cardinality(i_args) = 0 then
        raise exception 'pgq trigger must have destination queue as argument' using errcode = 'internal_error';
    end if;
    foreach arg in array i_args[2:] loop
        case
            when arg = 'SKIP' then skip := true;
            when arg = 'deny' then deny := true;
            when arg = 'backup' then backup := true;
            when arg = 'pkey_update' then pkey_update := true;
            when arg = 'publish_root' then publish_root := true;
            when starts_with(arg, 'ignore=') then ignore_list := substr(arg, 8);
            when starts_with(arg, 'pkey=') then key_given := substr(arg, 6);
            when starts_with(arg, 'when=') then when_expr := substr(arg, 6);
            when arg ~ '^ev_(type|data|extra[1-4])=' then
                field_exprs[array_position(fields, substring(arg from '^ev_([a-z0-9]+)='))] := substr(arg, strpos(arg, '=') + 1);
                has_exprs := true;
            else
                raise exception 'bad param to pgq trigger' using errcode = 'internal_error';
        end case;
    end loop;

    -- The table, its key and its columns.
    if publish_root then
        named := coalesce(pg_catalog.pg_partition_root(i_table::regclass), i_table);
    end if;
    select n.nspname, c.relname into schema_name, table_name
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = named;
    full_name := pgq._list_name(schema_name, '.') || '.' || pgq._list_name(table_name, '.');

    select array_agg(attname::text order by attnum), array_agg(atttypid order by attnum) into all_columns, all_types
        from pg_catalog.pg_attribute where attrelid = i_table and attnum > 0 and not attisdropped;
    foreach arg in array coalesce(all_columns, '{}') loop
        if starts_with(arg, magic) and substr(arg, length(magic) + 1) <> all (fields) then
            raise exception 'Unknown magic column: %', arg using errcode = 'internal_error';
        end if;
    end loop;

    if key_given is null then
        select array_agg(a.attname::text order by k.place) into key_names
            from pg_catalog.pg_index x, unnest(x.indkey) with ordinality as k (attnum, place)
            join pg_catalog.pg_attribute a on a.attrelid = i_table and a.attnum = k.attnum
            where x.indrelid = i_table and x.indisprimary and k.place <= x.indnkeyatts;
        key_names := coalesce(key_names, '{}');
        has_key := key_names <> '{}';
    else
        key_names := pgq._names_of(key_given);
        has_key := key_given <> '';
    end if;
    if key_given is null or strpos(key_given, '"') > 0 then
        key_list := (select coalesce(string_agg(pgq._list_name(name, ','), ',' order by place), '')
                     from unnest(key_names) with ordinality as k (name, place));
        key_json := to_json(key_names)::text;
    else
        -- As it was given, cut only at commas: that is what clients have always got.
        key_list := key_given;
        key_json := case key_given when '' then '[""]' else to_json(string_to_array(key_given, ','))::text end;
    end if;

    if i_op = 'TRUNCATE' then
        if ignore_list is not null then
            raise exception 'Column ignore does not make sense for truncate trigger' using errcode = 'internal_error';
        elsif key_given is not null then
            raise exception 'Custom pkey_list does not make sense for truncate trigger' using errcode = 'internal_error';
        elsif backup then
            raise exception 'Backup does not make sense for truncate trigger' using errcode = 'internal_error';
        elsif has_exprs or when_expr is not null then
            raise exception 'Custom expressions do not make sense for truncater trigger' using errcode = 'internal_error';
        end if;
    end if;
    if i_op in ('UPDATE', 'DELETE') and not has_key then
        raise exception 'Update/Delete on table without pkey' using errcode = 'internal_error';
    end if;
    if skip and i_when = 'AFTER' then
        raise exception 'SKIP does not work in AFTER trigger.' using errcode = 'internal_error';
    end if;
    if deny then
        raise exception 'Table ''%'' to queue ''%'': change not allowed (%)', full_name, i_args[1], i_op
            using errcode = 'internal_error';
    end if;

    ev[1] := case i_format
        when 'json' then '{"op":"' || i_op || '","table":[' || to_json(schema_name) || ',' || to_json(table_name)
                         || '],"pkey":' || key_json || '}'
        when 'url' then case i_op when 'TRUNCATE' then 'R' else left(i_op, 1) || ':' || key_list end
        else case i_op when 'TRUNCATE' then 'R' else left(i_op, 1) end end;
    ev[3] := full_name;
    if i_op = 'TRUNCATE' then
        ev[2] := case i_format when 'json' then '{}' else '' end;
        perform pgq.insert_event(i_args[1], ev[1], ev[2], ev[3], ev[4], ev[5], ev[6]);
        return;
    end if;

    -- What changed. Computed columns follow from the others.
    if i_op = 'UPDATE' then
        changes := pgq._changes_of(i_old, i_new, all_columns, all_types);
    end if;
    i := 0;
    for col in
        select attname::text as name, atttypid as type, attgenerated <> '' as computed, attidentity = 'a' as always,
               attname::text = any (key_names) as key, attname::text = any (pgq._names_of(coalesce(ignore_list, ''))) as ignored,
               starts_with(attname, magic) as magic
        from pg_catalog.pg_attribute where attrelid = i_table and attnum > 0 and not attisdropped order by attnum
    loop
        i := i + 1;
        if changes[i] and col.key then
            key_changed := true;
        elsif changes[i] and not col.computed then
            -- A change of magic columns alone emits nothing where changes are looked at column by column.
            if col.ignored or (col.magic and (i_format = 'sql' or ignore_list is not null)) then
                ignored_changed := true;
            else
                relevant := true;
            end if;
        end if;
        if col.key then
            key_columns := key_columns || col.name;
            key_types := key_types || col.type;
        end if;
        -- A key column is always told, also when it is ignored or computed: nobody could find the row without it.
        if not col.magic and (col.key or not (col.ignored or col.computed)) then
            data_columns := data_columns || col.name;
            data_types := data_types || col.type;
            identity := identity or col.always;
            if not col.computed then
                told_columns := told_columns || col.name;
                told_types := told_types || col.type;
                if changes[i] then
                    sets := sets || col.name;
                end if;
            end if;
        end if;
    end loop;

    if i_op = 'UPDATE' then
        if backup then
            ev[4] := pgq._row_data(i_format, i_old, data_columns, data_types);
        end if;
        if key_changed then
            if not pkey_update then
                raise exception 'primary key update not allowed' using errcode = 'internal_error';
            end if;
            if not backup then
                ev[4] := case when i_format = 'sql' then pgq._row_condition(i_old, key_columns, key_types)
                              else pgq._row_data(i_format, i_old, key_columns, key_types) end;
            end if;
        elsif ignored_changed and not relevant then
            return;
        end if;
    end if;

    if i_format <> 'sql' then
        ev[2] := pgq._row_data(i_format, coalesce(i_new, i_old), data_columns, data_types);
    elsif i_op = 'INSERT' then
        select '(' || coalesce(string_agg(quote_ident(t.name), ',' order by t.place), '')
               || case when identity then ') overriding system value values (' else ') values (' end
               || coalesce(string_agg(coalesce(quote_literal(t.value), 'null'), ',' order by t.place), '') || ')' into value
            from unnest(told_columns, pgq._texts_of(i_new, told_columns, told_types, false)) with ordinality as t (name, value, place);
        ev[2] := value;
    elsif i_op = 'DELETE' then
        ev[2] := pgq._row_condition(i_old, key_columns, key_types);
    else
        select string_agg(quote_ident(t.name) || '=' || coalesce(quote_literal(t.value), 'NULL'), ',' order by t.place) into value
            from unnest(told_columns, pgq._texts_of(i_new, told_columns, told_types, false)) with ordinality as t (name, value, place)
            where t.name = any (sets);
        if value is null then
            -- Nothing changed: told by a column set to what it is, the first of the key that a replica lets us set.
            select t.name, t.type into untouched, untouched_type
                from (
                    select a.attname::text as name, a.atttypid as type, a.attnum,
                           case when a.attname::text = any (key_columns) and not (a.attgenerated <> '' or a.attidentity = 'a') then 1
                                when a.attname::text = any (data_columns) and not (a.attgenerated <> '' or a.attidentity = 'a') then 2
                                when a.attname::text = any (key_columns) then 3 end as rank
                    from pg_catalog.pg_attribute a where a.attrelid = i_table and a.attnum > 0 and not a.attisdropped) t
                where t.rank is not null and key_columns <> '{}'
                order by t.rank, t.attnum limit 1;
            if not found then
                raise exception 'logtriga: Unexpected NULL key value' using errcode = 'internal_error';
            end if;
            value := quote_ident(untouched) || '='
                || coalesce(quote_literal((pgq._texts_of(i_old, array[untouched], array[untouched_type], false))[1]), 'NULL');
        end if;
        ev[2] := value || ' where ' || pgq._row_condition(i_old, key_columns, key_types);
    end if;

    for i in 1 .. 6 loop
        if magic || fields[i] = any (all_columns) then
            ev[i] := (pgq._texts_of(coalesce(i_new, i_old), array[magic || fields[i]],
                                    array[all_types[array_position(all_columns, magic || fields[i])]], false))[1];
        end if;
    end loop;
    for i in 1 .. 6 loop
        if field_exprs[i] is not null then
            ev[i] := (select e.value from pgq._evaluate(field_exprs[i], i_old, i_new) e);
        end if;
    end loop;
    if when_expr is not null then
        select e.value, e.type into value, type_of from pgq._evaluate(when_expr, i_old, i_new) e;
        if type_of <> 'bool'::regtype then
            raise exception 'when= query result must be boolean, got=%', type_of using errcode = 'internal_error';
        elsif value is null then
            raise exception 'when= should not be NULL' using errcode = 'internal_error';
        elsif not value::boolean then
            return;
        end if;
    end if;
    perform pgq.insert_event(i_args[1], ev[1], ev[2], ev[3], ev[4], ev[5], ev[6]);
end $$;

-- Columns of a row, URL-encoded or as a JSON object. The backup of sqltriga is URL-encoded too.
create or replace function pgq._row_data(i_format text, i_row anyelement, i_columns text[], i_types oid[]) returns text
language plpgsql as $$
declare
    texts text[] := pgq._texts_of(i_row, i_columns, i_types, i_format = 'json');
begin
    if i_format = 'json' then
        return '{' || coalesce((select string_agg(to_json(t.name) || ':' || t.value, ',' order by t.place)
                                from unnest(i_columns, texts) with ordinality as t (name, value, place)), '') || '}';
    end if;
    return coalesce((select string_agg(pgq._urlencode(t.name) || coalesce('=' || pgq._urlencode(t.value), ''), '&' order by t.place)
                     from unnest(i_columns, texts) with ordinality as t (name, value, place)), '');
end $$;

-- The condition of a statement that finds a row by its key.
create or replace function pgq._row_condition(i_row anyelement, i_columns text[], i_types oid[]) returns text
language plpgsql as $$
declare
    texts text[] := pgq._texts_of(i_row, i_columns, i_types, false);
begin
    if array_position(texts, null) is not null then
        raise exception 'logtriga: Unexpected NULL key value' using errcode = 'internal_error';
    end if;
    return coalesce((select string_agg(quote_ident(t.name) || '=' || quote_literal(t.value), ' and ' order by t.place)
                     from unnest(i_columns, texts) with ordinality as t (name, value, place)), '');
end $$;

-- Value and type of an expression. Names alone are columns of the row that the event is about; old. and new. work too.
create or replace function pgq._evaluate(i_expression text, i_old anyelement, i_new anyelement, out value text, out type oid)
language plpgsql as $$
begin
    execute 'select case when x.v is distinct from null then pg_catalog.format(''%s'', x.v) end, pg_catalog.pg_typeof(x.v)::oid'
            ' from (select (select ' || i_expression || ' from (select ($1).*) as r) as v'
            ' from (select ($2).*) as "old", (select ($3).*) as "new") x'
        into value, type using coalesce(i_new, i_old), i_old, i_new;
end $$;

-- The three triggers differ in the form of their row text only.
do $do$
declare
    t record;
begin
    for t in select * from (values ('jsontriga', 'json'), ('logutriga', 'url'), ('sqltriga', 'sql')) v (name, form) loop
        execute format($function$
create or replace function pgq.%1$I() returns trigger
language plpgsql as $body$
begin
    if current_setting('session_replication_role') <> 'local' then
        if tg_op = 'TRUNCATE' then
            if tg_level <> 'STATEMENT' then
                raise exception 'pgq tRuncate trigger must be fired FOR EACH STATEMENT' using errcode = 'internal_error';
            end if;
            perform pgq._capture(%2$L, tg_when, tg_op, tg_relid, array(select unnest(tg_argv)), null::integer, null::integer);
            return null;
        elsif tg_level <> 'ROW' then
            raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
        elsif tg_op = 'INSERT' then
            perform pgq._capture(%2$L, tg_when, tg_op, tg_relid, array(select unnest(tg_argv)), null, new);
        elsif tg_op = 'UPDATE' then
            perform pgq._capture(%2$L, tg_when, tg_op, tg_relid, array(select unnest(tg_argv)), old, new);
        else
            perform pgq._capture(%2$L, tg_when, tg_op, tg_relid, array(select unnest(tg_argv)), old, null);
        end if;
    end if;
    if tg_when = 'AFTER' or (tg_nargs > 1 and 'SKIP' = any (tg_argv[1:]) and current_setting('session_replication_role') <> 'local') then
        return null;
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $body$;
$function$, t.name, t.form);
    end loop;
end $do$;
