"""What each function of pgq_ext answers, to the letter of version 3.3, and what advance_tick adds."""
import psycopg2
import pytest

LONG_AND_SHORT = [("a_consumer text, a_subconsumer text", True), ("a_consumer text", False)]
FUNCTIONS = {
    "is_batch_done": (", a_batch_id bigint", "boolean"),
    "set_batch_done": (", a_batch_id bigint", "boolean"),
    "is_event_done": (", a_batch_id bigint, a_event_id bigint", "boolean"),
    "set_event_done": (", a_batch_id bigint, a_event_id bigint", "boolean"),
    "get_last_tick": ("", "bigint"),
    "set_last_tick": (", a_tick_id bigint", "integer"),
}
CATALOGUE = {("version", "", "text", False), ("upgrade_schema", "", "integer", False)} | {
    (name, first + rest, result, definer)
    for name, (rest, result) in FUNCTIONS.items() for first, definer in LONG_AND_SHORT}


def call(db, function, *args):
    return db.value(f"select pgq_ext.{function}({', '.join(['%s'] * len(args))})", *args)


def test_names_and_arguments_are_those_of_3_3(target):
    found = set(target.sql("select proname, pg_get_function_identity_arguments(oid), pg_get_function_result(oid), prosecdef"
                           " from pg_proc where pronamespace = 'pgq_ext'::regnamespace"))
    assert CATALOGUE <= found
    assert {row[0] for row in found - CATALOGUE} == {"advance_tick", "keep_retries", "keep_letter", "kept_verdicts"}


def test_tables_are_those_of_3_3(target):
    assert target.sql("select table_name::text, string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position)"
                      " from information_schema.columns where table_schema = 'pgq_ext' and table_name <> 'kept_verdict'"
                      " group by 1 order by 1") == [
        ("completed_batch", "consumer_id text, subconsumer_id text, last_batch_id bigint"),
        ("completed_event", "consumer_id text, subconsumer_id text, batch_id bigint, event_id bigint"),
        ("completed_tick", "consumer_id text, subconsumer_id text, last_tick_id bigint"),
        ("partial_batch", "consumer_id text, subconsumer_id text, cur_batch_id bigint")]


@pytest.mark.parametrize("name", [("mover",), ("mover", "left")], ids=["consumer", "subconsumer"])
class TestBatches:
    def test_a_batch_is_done_once(self, target, name):
        assert call(target, "is_batch_done", *name, 5) is False
        assert call(target, "set_batch_done", *name, 5) is True
        assert call(target, "is_batch_done", *name, 5) is True
        assert call(target, "set_batch_done", *name, 5) is False

    def test_only_the_last_batch_is_known(self, target, name):
        call(target, "set_batch_done", *name, 5)
        assert call(target, "set_batch_done", *name, 6) is True
        assert call(target, "is_batch_done", *name, 5) is False
        assert call(target, "set_batch_done", *name, 5) is True
        assert target.value("select last_batch_id from pgq_ext.completed_batch") == 5

    def test_numbers_that_are_no_batch_are_not_stored(self, target, name):
        for batch in (0, -1, None):
            assert call(target, "set_batch_done", *name, batch) is True
        assert target.value("select count(*) from pgq_ext.completed_batch") == 0
        assert call(target, "is_batch_done", *name, None) is False
        call(target, "set_batch_done", *name, 5)
        assert call(target, "is_batch_done", *name, None) is None


@pytest.mark.parametrize("name", [("mover",), ("mover", "left")], ids=["consumer", "subconsumer"])
class TestEvents:
    def test_an_event_is_done_once(self, target, name):
        assert call(target, "is_event_done", *name, 5, 1) is False
        assert call(target, "set_event_done", *name, 5, 1) is True
        assert call(target, "set_event_done", *name, 5, 1) is False
        assert call(target, "is_event_done", *name, 5, 1) is True
        assert call(target, "set_event_done", *name, 5, 2) is True

    def test_events_of_one_batch_are_kept(self, target, name):
        for event in (1, 2):
            call(target, "set_event_done", *name, 5, event)
        assert call(target, "set_event_done", *name, 6, 3) is True
        assert target.sql("select batch_id, event_id from pgq_ext.completed_event") == [(6, 3)]
        assert target.value("select cur_batch_id from pgq_ext.partial_batch") == 6


@pytest.mark.parametrize("name", [("mover",), ("mover", "left")], ids=["consumer", "subconsumer"])
class TestTicks:
    def test_a_tick_is_kept_and_forgotten(self, target, name):
        assert call(target, "get_last_tick", *name) is None
        for tick in (7, 3, 9):
            assert call(target, "set_last_tick", *name, tick) == 1
            assert call(target, "get_last_tick", *name) == tick
        assert call(target, "set_last_tick", *name, None) == 1
        assert call(target, "get_last_tick", *name) is None

    def test_advancing_goes_from_batch_to_batch(self, target, name):
        assert call(target, "advance_tick", *name, 10, 12) is True
        assert call(target, "advance_tick", *name, 10, 12) is False
        assert call(target, "advance_tick", *name, 12, 15) is True
        assert call(target, "advance_tick", *name, 10, 12) is False
        assert call(target, "get_last_tick", *name) == 15

    @pytest.mark.parametrize("begin", [11, 13, None])
    def test_advancing_refuses_what_does_not_join(self, target, name, begin):
        call(target, "set_last_tick", *name, 12)
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as caught:
            call(target, "advance_tick", *name, begin, 20)
        begins = "<NULL>" if begin is None else begin
        assert caught.value.diag.message_primary == (
            f"advance_tick: consumer mover is at tick 12, the batch begins at tick {begins}")
        assert call(target, "get_last_tick", *name) == 12


def test_consumers_and_their_members_are_apart(target):
    names = [("mover",), ("mover", "left"), ("mover", "right"), ("other",)]
    for name in names:
        assert call(target, "set_batch_done", *name, 5) is True
        assert call(target, "set_event_done", *name, 5, 1) is True
        assert call(target, "advance_tick", *name, 1, 2) is True
    assert call(target, "is_batch_done", "mover", "", 5) is True


def test_a_consumer_needs_a_name(target):
    for function, args in (("set_batch_done", (5,)), ("set_event_done", (5, 1)), ("set_last_tick", (5,)), ("advance_tick", (1, 2))):
        with pytest.raises(psycopg2.errors.NotNullViolation):
            call(target, function, None, *args)


class TestKeptVerdicts:
    def test_they_are_in_order_and_come_in_pages(self, target):
        assert call(target, "advance_tick", "mover", 1, 2) is True
        assert target.value("select pgq_ext.keep_retries('mover', '', 2, '{5,3}', '{10,20}')") == 2
        call(target, "keep_letter", "mover", "", 2, "type", None, "1", None, "3", "4")
        assert target.value("select pgq_ext.keep_retries('mover', '', 2, '{9}', '{30}')") == 1
        kept = [(1, 5, 10, None, None, None, None, None, None), (2, 3, 20, None, None, None, None, None, None),
                (3, None, None, "type", None, "1", None, "3", "4"), (4, 9, 30, None, None, None, None, None, None)]
        page = "select * from pgq_ext.kept_verdicts('mover', %s, %s, %s, %s)"
        assert target.sql(page, "", 2, 0, 100) == kept
        assert target.sql(page, "", 2, 0, 2) == kept[:2]
        assert target.sql(page, "", 2, 2, 2) == kept[2:]
        assert target.sql(page, "", 1, 0, 100) == []
        assert target.sql(page, "left", 2, 0, 100) == []

    def test_they_go_with_the_next_batch_and_not_before(self, target):
        call(target, "advance_tick", "mover", 1, 2)
        call(target, "advance_tick", "other", 1, 2)
        for name in ("mover", "other"):
            target.sql("select pgq_ext.keep_retries(%s, '', 2, '{5}', '{10}')", name)
        assert call(target, "advance_tick", "mover", 1, 2) is False
        assert target.value("select count(*) from pgq_ext.kept_verdict") == 2
        assert call(target, "advance_tick", "mover", 2, 3) is True
        assert target.sql("select consumer_id from pgq_ext.kept_verdict") == [("other",)]
        call(target, "set_last_tick", "other", None)
        assert call(target, "advance_tick", "other", 7, 8) is True
        assert target.sql("select consumer_id from pgq_ext.kept_verdict") == []
