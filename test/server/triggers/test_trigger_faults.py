"""The faults of the original triggers: each is seen on Debian's extension and gone on ours."""
import psycopg2
import pytest


def test_renamed_key_column_is_followed(both):
    def run(capture):
        capture.sql("create table t (id integer primary key, v text)")
        capture.trigger("t", "sqltriga")
        capture.sql("insert into t values (1, 'a'); alter table t rename column id to number")
        capture.events()
        return capture.data("update t set v = 'b'")

    mine, theirs = map(run, both)
    assert mine == [("U", "v='b' where number='1'")]
    assert theirs != mine


def test_renamed_key_column_is_named_so_by_all_triggers(ours):
    ours.sql("create table t (id integer primary key, v text); alter table t rename column id to number")
    ours.trigger("t", "logutriga")
    ours.trigger("t", "jsontriga", name="json")
    types = [event[0] for event in ours.after("insert into t values (1, 'a')")]
    assert types == ['I:number', '{"op":"INSERT","table":["public","t"],"pkey":["number"]}'] or types == [
        '{"op":"INSERT","table":["public","t"],"pkey":["number"]}', "I:number"]
    assert ours.error("update t set number = 2") == "primary key update not allowed"
    ours.sql("alter table t rename column number to id")
    assert ours.after("update t set v = 'x'")[0][0] == "U:id"


def test_included_columns_are_not_key(ours, debian):
    for capture in (ours, debian):
        capture.sql("create table t (id integer, x integer, v text, primary key (id) include (x))")
        capture.trigger("t", "sqltriga")
        capture.sql("insert into t values (1, 2, 'a')")
        capture.events()
    assert ours.data("update t set x = 3") == [("U", "x='3' where id='1'")]
    assert debian.error("update t set x = 3") == "primary key update not allowed"


GENERATED = """
create table source (id integer generated always as identity primary key, a integer, double integer generated always as (a * 2) stored);
"""


def replay(capture, events, table):
    """What a consumer does with the output of sqltriga."""
    form = {"I": "insert into {} {}", "U": "update {} set {}", "D": "delete from {} where {}"}
    for kind, data in events:
        capture.sql(form[kind].format(table, data))


def test_sql_of_generated_columns_can_be_replayed(both):
    outcomes = []
    for capture in both:
        capture.sql(GENERATED)
        capture.sql("create table target (like source including all)")
        capture.trigger("source", "sqltriga")
        events = capture.data("insert into source (a) values (1), (2)", "update source set a = 10 where id = 1",
                              "update source set a = a where id = 2", "delete from source where id = 2")
        try:
            replay(capture, events, "target")
            outcomes.append(capture.sql("select * from target"))
        except psycopg2.Error as error:
            outcomes.append(type(error).__name__)
    assert outcomes == [[(1, 10, 20)], "GeneratedAlways"]


def test_generated_columns_are_left_out_of_the_data(ours, debian):
    for capture in (ours, debian):
        capture.sql("create table t (id integer primary key, a integer, double integer generated always as (a * 2) stored)")
        capture.trigger("t", "logutriga", name="log")
        capture.trigger("t", "jsontriga", name="json")
    statement = "insert into t values (1, 2)"
    assert sorted(event[1] for event in ours.after(statement)) == ["id=1&a=2", '{"id":1,"a":2}']
    assert sorted(event[1] for event in debian.after(statement)) == ["id=1&a=2&double=4", '{"id":1,"a":2,"double":4}']


def test_generated_key_columns_stay_in_the_data_but_not_in_what_sets_them(ours):
    ours.sql("create table t (a integer, key integer generated always as (a * 2) stored primary key, v text)")
    ours.trigger("t", "logutriga", name="a")
    ours.trigger("t", "sqltriga", name="b")
    assert ours.data("insert into t values (1, default, 'x')", "update t set v = 'y'", "update t set v = 'y'", "delete from t") == [
        ("I:key", "a=1&key=2&v=x"), ("I", "(a,v) values ('1','x')"), ("U:key", "a=1&key=2&v=y"), ("U", "v='y' where key='2'"),
        ("U:key", "a=1&key=2&v=y"), ("U", "a='1' where key='2'"), ("D:key", "a=1&key=2&v=y"), ("D", "key='2'")]


def test_renamed_schema_is_followed(both):
    def run(capture):
        capture.sql("create schema old_name; create table old_name.t (id integer primary key)")
        capture.trigger("old_name.t", "logutriga")
        capture.sql("insert into old_name.t values (1); alter schema old_name rename to new_name")
        capture.events()
        return capture.after("insert into new_name.t values (2)")[0][2]

    assert tuple(map(run, both)) == ("new_name.t", "old_name.t")


def test_renamed_and_moved_table_is_followed(ours):
    ours.sql("create schema elsewhere; create table t (id integer primary key)")
    ours.trigger("t", "logutriga")
    assert ours.after("insert into t values (1)")[0][2] == "public.t"
    ours.sql("alter table t rename to u")
    assert ours.after("insert into u values (2)")[0][2] == "public.u"
    ours.sql("alter table u set schema elsewhere")
    assert ours.after("insert into elsewhere.u values (3)")[0][2] == "elsewhere.u"
    ours.sql("delete from elsewhere.u; alter table elsewhere.u add column v text, drop constraint t_pkey, add primary key (v)")
    ours.events()
    assert ours.after("insert into elsewhere.u values (4, 'x')")[0][:2] == ("I:v", "id=4&v=x")


def test_table_changed_by_another_session_is_followed(ours):
    ours.sql("create table t (id integer primary key)")
    ours.trigger("t", "logutriga")
    assert ours.data("insert into t values (1)") == [("I:id", "id=1")]
    other = ours.connect().cursor()
    other.execute("alter table t add column more text default 'm'; alter table t rename to u; alter schema public rename to private")
    ours.sql("set search_path to private")
    assert ours.after("insert into u values (2)")[0][:3] == ("I:id", "id=2&more=m", "private.u")


EXPRESSIONS = [
    ('when="Col" > 1', True), ("when=NEW.id = 1", True), ("when=new.id = 2", False), ('when=NEW."Col" = 5', True), ("when=ID = 1", True),
    ("when=date(day) = day", True), ("when=day = date '2020-01-01'", True), ("when=day::date = day", True),
    ("when=(select count(*) from lateral (select 1 as id) as v where v.id = 1) = 1", True),
    ("when=(select id from (values (7)) as value(id)) = id", None), ("when=extract(year from day) = 2020", True),
    ("when=length(length) = 3", True), ("when=lower(\"Col\"::text) = '5'", True), ("when=lower < 5", True), ("when=id is not distinct from id", True),
    ("when=substring(length from id for 1) = 'a'", True), ("when=day at time zone 'UTC' is not null", True), ("when=position('b' in length) = 2", True),
    ("when=make_date(year => 2020, month => id, day => id) = day", True), ("when=exists (select from length where length.n = 3)", True),
    ("when=case when id = 1 then true else false end", True), ("when=not id = 2 and \"Col\" between id and 9", True), ("when=OLD.id is null", True),
    ("when=array[id, 2] = '{1,2}'", True), ("when=length collate \"C\" = 'abc'", True), ("when=(1, 'abc') = (id, length)", True),
    ("when=\"user\" = 'u' and \"user\" <> current_user", True), ("when=user = 'u'", True), ("when=\"to\" like 't%' and to like 't%'", True),
]


def test_expressions_tell_columns_from_what_only_looks_like_them(ours):
    ours.sql("""create table t (id integer primary key, "Col" integer, day date, length text, lower integer, "user" text, "to" text);
                create table length (n integer); insert into length values (3)""")
    for expression, emitted in EXPRESSIONS:
        ours.trigger("t", "logutriga", expression)
        events = ours.after("insert into t values (1, 5, '2020-01-01', 'abc', 4, 'u', 'to')", "truncate t")
        if emitted is not None:
            assert (expression, bool(events)) == (expression, emitted)


def test_expressions_of_debians_triggers_have_the_fault(debian):
    debian.sql('create table t (id integer primary key, "Col" integer, day date)')
    for expression, error in (('when="Col" > 1', "QB: syntax error"), ("when=NEW.id = 1", 'missing FROM-clause entry for table "new"'),
                              ("when=make_date(2020, id, day => id) = day", None)):
        debian.trigger("t", "logutriga", expression)
        message = debian.error("insert into t values (1, 5, '2020-01-01')")
        assert error is None or message == error


def test_old_and_new_are_the_rows_of_the_operation(ours):
    ours.sql("create table t (id integer primary key, v text)")
    ours.trigger("t", "logutriga", "ev_extra2=old.v", "ev_extra3=NEW.v", "ev_extra4=v")
    extras = [event[3:] for event in ours.after("insert into t values (1, 'a')", "update t set v = 'b'", "delete from t")]
    assert extras == [(None, "a", "a"), ("a", "b", "b"), ("b", None, "b")]


def test_ignored_key_column_stays_in_the_data(both):
    def run(capture):
        capture.sql("create table t (id integer primary key, v text, w text)")
        capture.trigger("t", "logutriga", "ignore=id,w", name="a")
        capture.trigger("t", "jsontriga", "ignore=id,w", name="b")
        capture.trigger("t", "sqltriga", "ignore=id,w", name="c")
        return [event[1] for event in capture.after("insert into t values (1, 'a', 'x')", "update t set w = 'y'")]

    mine, theirs = map(run, both)
    assert mine == ["id=1&v=a", '{"id":1,"v":"a"}', "(id,v) values ('1','a')"]
    assert theirs == ["v=a", '{"v":"a"}', "(v) values ('a')"]


def test_names_with_dots_and_commas_are_unambiguous(ours, debian):
    for capture in (ours, debian):
        capture.sql('create schema "a.b"; create table "a.b".c (id integer primary key);'
                    'create schema a; create table a."b.c" ("x,y" integer, x integer, primary key ("x,y", x))')
        capture.trigger('"a.b".c', "logutriga")
        capture.trigger('a."b.c"', "logutriga")
    statements = ('insert into "a.b".c values (1)', 'insert into a."b.c" values (1, 2)')
    assert [event[:3:2] for event in ours.after(*statements)] == [("I:id", '"a.b".c'), ('I:"x,y",x', 'a."b.c"')]
    assert [event[:3:2] for event in debian.after(*statements)] == [("I:id", "a.b.c"), ("I:x,y,x", "a.b.c")]


@pytest.fixture
def roles(server, debian_server):
    for at in (server, debian_server):
        at.execute("drop role if exists t7_owner; drop role if exists t7_user; create role t7_owner login; create role t7_user login;"
                   "grant pgq_writer to t7_owner")
    yield
    for at in (server, debian_server):
        at.execute("drop role t7_owner; drop role t7_user")


def test_who_changes_a_table_needs_no_right_on_queues_when_its_owner_has_it(both, roles):
    outcomes = []
    for capture in both:
        capture.sql("create table t (id integer primary key)")
        capture.trigger("t", "logutriga")
        capture.sql("alter table t owner to t7_owner; grant insert on t to t7_user; set role t7_user")
        try:
            capture.sql("insert into t values (1)")
            outcome = "captured"
        except psycopg2.Error as error:
            outcome = error.diag.message_primary
        capture.sql("reset role; drop owned by t7_user; drop owned by t7_owner" if outcome != "captured" else "reset role")
        outcomes.append(outcome)
        if outcome == "captured":
            assert capture.data() == [("I:id", "id=1")]
            capture.sql("drop owned by t7_user; drop owned by t7_owner cascade")
    assert outcomes == ["captured", "permission denied for function insert_event"]


def test_without_right_of_either_role_the_change_is_refused(both, roles):
    for capture in both:
        capture.sql("revoke pgq_writer from t7_owner; create table t (id integer primary key)")
        capture.trigger("t", "logutriga")
        capture.sql("alter table t owner to t7_owner; grant insert on t to t7_user; set role t7_user")
        assert capture.error("insert into t values (1)") == "permission denied for function insert_event"
        capture.sql("reset role; drop owned by t7_user; drop owned by t7_owner")
