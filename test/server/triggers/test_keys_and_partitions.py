"""Updates of keys and partitioned tables: arguments `pkey_update` and `publish_root`."""
import pytest

PARTITIONED = """
create table root (id integer, region text, v text, primary key (id, region)) partition by list (region);
create table mid partition of root for values in ('a', 'b') partition by list (region);
create table leaf_a partition of mid for values in ('a');
create table leaf_c (v text, extra integer, region text not null, id integer not null);
alter table leaf_c drop column extra;
alter table root attach partition leaf_c for values in ('c');
"""


@pytest.fixture
def keyed(ours):
    ours.sql("create table t (id integer, part text, v text, primary key (part, id)); insert into t values (1, 'a b', 'x')")
    return ours


@pytest.mark.parametrize("trigger, expected", [
    ("logutriga", ("U:part,id", "id=2&part=a+b&v=x", "public.t", "id=1&part=a+b")),
    ("jsontriga", ('{"op":"UPDATE","table":["public","t"],"pkey":["part","id"]}', '{"id":2,"part":"a b","v":"x"}', "public.t",
                   '{"id":1,"part":"a b"}')),
    ("sqltriga", ("U", "id='2' where id='1' and part='a b'", "public.t", "id='1' and part='a b'")),
])
def test_update_of_the_key_carries_the_old_one(keyed, trigger, expected):
    keyed.trigger("t", trigger, "pkey_update")
    assert keyed.after("update t set id = 2") == [expected + (None, None)]
    assert keyed.after("update t set v = 'y'")[0][3] is None, "no key changed"
    keyed.trigger("t", trigger)
    assert keyed.error("update t set id = 3") == "primary key update not allowed"
    keyed.trigger("t", trigger, "pkey_update", "backup")
    (event,) = keyed.after("update t set id = 3")
    assert "'y'" in event[3] or "=y" in event[3] or '"y"' in event[3], "the backup has the old key in it, and the rest"
    keyed.trigger("t", trigger, "pkey_update", "ignore=id,v")
    assert len(keyed.after("update t set id = 4, v = 'z'")) == 1
    assert keyed.after("update t set v = 'w'") == []


def test_sql_of_a_key_update_can_be_replayed(keyed):
    keyed.trigger("t", "sqltriga", "pkey_update")
    keyed.sql("create table replica as table t")
    for statement in ("update t set id = 10", "update t set part = 'c', v = null", "update t set id = id"):
        ((_, data, *_),) = keyed.after(statement)
        keyed.sql("update replica set " + data)
    assert keyed.sql("table replica") == keyed.sql("table t") == [(10, "c", None)]


def test_leaf_reports_its_root_when_asked(ours):
    ours.sql(PARTITIONED)
    rows = "insert into root values (1, 'a', 'x'), (2, 'c', 'y')"
    ours.trigger("root", "logutriga")
    assert [event[:3] for event in ours.after(rows)] == [
        ("I:id,region", "id=1&region=a&v=x", "public.leaf_a"), ("I:id,region", "v=y&region=c&id=2", "public.leaf_c")]
    ours.trigger("root", "logutriga", "publish_root")
    assert [event[:3] for event in ours.after("delete from root", rows)] == [
        ("D:id,region", "id=1&region=a&v=x", "public.root"), ("D:id,region", "v=y&region=c&id=2", "public.root"),
        ("I:id,region", "id=1&region=a&v=x", "public.root"), ("I:id,region", "v=y&region=c&id=2", "public.root")]
    ours.trigger("root", "jsontriga", "publish_root")
    assert [event[0] for event in ours.after("update root set v = 'z' where id = 1")] == [
        '{"op":"UPDATE","table":["public","root"],"pkey":["id","region"]}']


def test_moved_row_is_a_delete_and_an_insert_of_the_root(ours):
    ours.sql(PARTITIONED)
    ours.trigger("root", "sqltriga", "publish_root")
    ours.after("insert into root values (1, 'a', 'x')")
    assert [event[:3] for event in ours.after("update root set region = 'c'")] == [
        ("D", "id='1' and region='a'", "public.root"), ("I", "(v,region,id) values ('x','c','1')", "public.root")]


def test_new_name_or_place_of_the_root_is_followed(ours):
    ours.sql(PARTITIONED)
    ours.trigger("root", "logutriga", "publish_root")
    assert ours.after("insert into root values (1, 'a', 'x')")[0][2] == "public.root"
    ours.sql("create schema s; alter table root rename to trunk; alter table trunk set schema s")
    assert ours.after("insert into s.trunk values (2, 'a', 'x')")[0][2] == "s.trunk"
    ours.sql("alter table s.trunk detach partition mid")
    ours.trigger("mid", "logutriga", "publish_root", name="again")
    assert ours.after("insert into mid values (3, 'a', 'x')")[0][2] == "public.mid"
    ours.sql("alter table s.trunk attach partition mid for values in ('a', 'b')")
    assert {event[2] for event in ours.after("insert into s.trunk values (4, 'a', 'x')")} == {"s.trunk"}


def test_table_that_is_no_partition_reports_itself(ours):
    ours.sql("create table t (id integer primary key)")
    ours.trigger("t", "logutriga", "publish_root")
    assert ours.after("insert into t values (1)")[0][2] == "public.t"


def test_partitions_work_as_with_debians_triggers(both):
    def run(capture):
        capture.sql(PARTITIONED)
        events = []
        for trigger in ("logutriga", "jsontriga", "sqltriga"):
            capture.trigger("root", trigger)
            events += capture.after("insert into root values (1, 'a', 'x'), (2, 'c', 'y')", "update root set v = 'z'",
                                    "update root set region = 'c' where id = 1", "delete from root")
        return events

    mine, theirs = map(run, both)
    assert mine == theirs
