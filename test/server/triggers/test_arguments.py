"""Arguments and error texts of the triggers, to the letter as Debian's triggers have them."""
import itertools

TRIGGERS = ("logutriga", "jsontriga", "sqltriga")
TABLE = """
create table t (id integer primary key, v text, w integer);
create table keyless (a integer, v text);
create table magic (id integer primary key, v text, _pgq_ev_type text, _pgq_ev_data text, _pgq_ev_extra1 text, _pgq_ev_extra2 integer,
                    _pgq_ev_extra3 date, _pgq_ev_extra4 text);
create table unknown_magic (id integer primary key, _pgq_ev_foo text);
"""


def outcome(capture, statement):
    """The error of a statement, or the events."""
    try:
        capture.sql(statement)
    except Exception as error:  # pylint: disable=broad-except
        return type(error).__name__, error.diag.sqlstate, error.diag.message_primary
    return capture.events()


# Arguments after the queue, and how the trigger is made; every one is tried with every kind of change.
ARGUMENTS = [
    [], ["ignore=w"], ["ignore=v,w"], ["ignore=v w"], ["ignore=nothing"], ["ignore="], ["backup"], ["pkey=v"], ["pkey=id,w"], ["pkey=id w"],
    ["pkey=id, w"], ["pkey=nothing"], ["pkey="], ["deny"], ["deny", "backup", "SKIP"], ["SKIP"], ["skip"], ["Deny"], ["foo"], [""], ["when=w > 1"],
    ["when=w < 1"], ["when=w"], ["when=null::boolean"], ["when=true", "ev_type=null"], ["ev_type=v"], ["ev_data=w::text || v"], ["ev_extra1=id"],
    ["ev_extra2=w * 2"], ["ev_extra3=(select count(*) from t)"], ["ev_extra4='x' || v"], ["ev_data=v", "ev_extra1=null", "backup", "ignore=w"],
    ["ev_type=(select 1 where false)"], ["ev_type=generate_series(1,2)"], ["ev_data=1/0", "when=false"], ["ev_data='open"], ["ev_data={"],
    ["ev_type=nosuchfunction(v)"], ["ev_type=$1"], ["ev_type=E'a\\\\b' || $q$it's$q$ || v -- note"],
    ["ev_type=/* a /* nested */ comment */ v || '/*'"], ["ev_type=upper(v) || 1.5e3 || .5"], ["ev_type=case when w = 2 then 'two' else v end"],
    ["ev_extra1=w between 1 and 3", "ev_extra2=v in ('a', 'b')", "ev_extra3=not w = 2", "ev_extra4=w is not distinct from null"],
    ["ev_type=(w, v)"], ["ev_type=array[w, 5]"], ["ev_type=w::bigint::text"], ["ev_type=cast(w as bigint)"], ["ev_type=coalesce(v, 'none')"],
    ["ev_type="], ["ev_data= ", "ev_extra4=-- nothing"], ["when="],
]
BOTH_TIMES = [[], ["ignore=w"], ["deny", "backup", "SKIP"], ["SKIP"], ["when=w > 1"], ["ev_data=v", "ev_extra1=null", "backup", "ignore=w"]]
CHANGES = ["insert into t values (1, 'a', 2)", "update t set v = 'b'", "update t set w = 3", "update t set w = w", "update t set v = null, w = null",
           "update t set id = 5", "delete from t"]


def all_arguments(capture, trigger):
    capture.sql("drop table if exists t, keyless, magic, unknown_magic;" + TABLE)
    seen = []
    for arguments in ARGUMENTS:
        for when in ("after", "before") if arguments in BOTH_TIMES else ("after",):
            capture.sql("drop trigger if exists capture on t; delete from t")
            capture.trigger("t", trigger, *arguments, when=when)
            for change in CHANGES:
                seen.append((arguments, when, change, outcome(capture, change)))
    return seen


def test_every_argument_works_as_with_debians_triggers(both):
    for trigger in TRIGGERS:
        mine, theirs = (all_arguments(capture, trigger) for capture in both)
        for one, other in zip(mine, theirs):
            assert (trigger, one) == (trigger, other)
        assert len(mine) == len(theirs) == (len(ARGUMENTS) + len(BOTH_TIMES)) * len(CHANGES)


def special_tables(capture, trigger):
    """Magic columns, tables without a key, TRUNCATE with each argument, wrong levels, no arguments."""
    capture.sql("drop table if exists t, keyless, magic, unknown_magic;" + TABLE)
    seen = []
    for arguments in ([], ["ignore=v"], ["backup"], ["ev_type=v", "ev_extra4=_pgq_ev_extra4"], ["when=_pgq_ev_type is not null"]):
        capture.sql("drop trigger if exists capture on magic; delete from magic")
        capture.trigger("magic", trigger, *arguments)
        for change in ("insert into magic values (1, 'v', 't', 'd', 'e1', 2, '2020-01-01', null)", "update magic set v = 'w'",
                       "update magic set _pgq_ev_extra4 = 'e4', _pgq_ev_data = null", "delete from magic"):
            seen.append(outcome(capture, change))
    capture.trigger("unknown_magic", trigger)
    seen.append(outcome(capture, "insert into unknown_magic values (1, 'x')"))
    capture.trigger("keyless", trigger)
    for change in ("insert into keyless values (1, 'v')", "update keyless set v = 'w'", "delete from keyless"):
        seen.append(outcome(capture, change))
    for arguments in ARGUMENTS:
        capture.trigger("keyless", trigger, *arguments, events="truncate", level="statement")
        seen.append(outcome(capture, "truncate keyless"))
    capture.trigger("keyless", trigger, level="statement", events="insert")
    seen.append(outcome(capture, "insert into keyless values (1, 'v')"))
    capture.sql(f"drop trigger capture on keyless; create trigger capture after insert on keyless for each row execute function pgq.{trigger}()")
    seen.append(outcome(capture, "insert into keyless values (1, 'v')"))
    seen.append(outcome(capture, f"select pgq.{trigger}()"))
    capture.sql(f"drop trigger capture on keyless; create trigger capture after insert on keyless for each row execute function pgq.{trigger}('nope')")
    seen.append(outcome(capture, "insert into keyless values (1, 'v')"))
    return seen


def test_special_tables_work_as_with_debians_triggers(both):
    for trigger in TRIGGERS:
        mine, theirs = (special_tables(capture, trigger) for capture in both)
        assert mine == theirs


def test_texts_with_slips_are_kept_because_clients_match_them(ours):
    trigger = "jsontriga"
    ours.sql("create table t (id integer primary key)")
    ours.trigger("t", trigger, "when=true", events="truncate", level="statement")
    assert ours.error("truncate t") == "Custom expressions do not make sense for truncater trigger"
    ours.trigger("t", trigger, "deny", events="truncate", level="statement")
    assert ours.error("truncate t") == "Table 'public.t' to queue 'q': change not allowed (TRUNCATE)"
    ours.trigger("t", trigger, level="statement")
    assert ours.error("insert into t values (1)") == "pgq Ins/Upd/Del trigger must be fired FOR EACH ROW"
    # A direct call never gets to the trigger's own complaint: the server refuses it first.
    assert "trigger" in ours.error(f"select pgq.{trigger}()")


def test_replication_role_decides_as_with_debians_triggers(both):
    def run(capture, trigger, role):
        capture.sql("drop table if exists t; create table t (id integer primary key, v text)")
        capture.trigger("t", trigger, when="before", name="always")
        capture.sql("alter table t enable always trigger always")
        capture.trigger("t", trigger, "SKIP", "deny", when="before", name="local_only")
        capture.sql("alter table t enable replica trigger local_only")
        capture.sql(f"set session_replication_role = {role}")
        seen = [outcome(capture, change) for change in ("insert into t values (1, 'a')", "update t set v = 'b'", "table t", "delete from t")]
        capture.sql("reset session_replication_role")
        return seen, capture.sql("select * from t")

    for trigger, role in itertools.product(TRIGGERS, ["local", "replica", "origin"]):
        mine, theirs = (run(capture, trigger, role) for capture in both)
        assert mine == theirs


LEGACY = [["vkv"], ["kvi"], ["kv"], ["k"], ["ikv"], ["vv"], ["vvvk"], ["ivvvk"], ["kkk"], ["k", "other.name"], ["kxi"], []]


def legacy(capture):
    capture.sql(TABLE)
    capture.sql("create or replace function pgq.logtriga() returns trigger language c as '$libdir/pgq_triggers', 'pgq_logtriga'")
    seen = []
    for arguments in LEGACY:
        capture.sql("drop trigger if exists capture on t; delete from t")
        capture.trigger("t", "logtriga", *arguments)
        for change in CHANGES:
            seen.append((arguments, change, outcome(capture, change)))
    capture.trigger("t", "logtriga", "kvv", when="before")
    seen.append(outcome(capture, "insert into t values (9, 'a', 2)"))
    return seen


def test_the_old_logtriga_works_as_debians(both):
    mine, theirs = map(legacy, both)
    for one, other in zip(mine, theirs):
        assert one == other


def test_names_with_separators_can_be_listed_in_quotes(ours):
    ours.sql('create table t ("a,b" integer, "c d" integer, "e""f" integer, g integer)')
    ours.trigger("t", "logutriga", 'pkey="a,b"', 'ignore="c d" "e""f"')
    assert ours.data("insert into t values (1, 2, 3, 4)") == [('I:"a,b"', "a%2cb=1&g=4")]
    ours.trigger("t", "jsontriga", 'pkey="a,b",g')
    assert ours.data("update t set \"c d\" = 5") == [
        ('{"op":"UPDATE","table":["public","t"],"pkey":["a,b","g"]}', '{"a,b":1,"c d":5,"e\\"f":3,"g":4}')]
