-- Whoever changes a table with a trigger runs these, with no more rights than their own.
grant execute on function pgq._urlencode(text) to public;
grant execute on function pgq._list_name(text, text) to public;
grant execute on function pgq._names_of(text) to public;
grant execute on function pgq._equality_of(oid) to public;
grant execute on function pgq._texts_of(anyelement, text[], oid[], boolean) to public;
grant execute on function pgq._changes_of(anyelement, anyelement, text[], oid[]) to public;
grant execute on function pgq._capture(text, text, text, oid, text[], anyelement, anyelement) to public;
grant execute on function pgq._row_data(text, anyelement, text[], oid[]) to public;
grant execute on function pgq._row_condition(anyelement, text[], oid[]) to public;
grant execute on function pgq._evaluate(text, anyelement, anyelement) to public;
