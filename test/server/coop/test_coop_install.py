"""How pgq_coop gets into a database, who may use it, and what an upgrade leaves alone."""
import psycopg2
import pytest

from support import install


def everything_works(group):
    """The way of a batch through take-over to its end."""
    assert group.join("a") == [1]
    group.tick("1", "2")
    batch = group.next("a")
    assert group.events(batch) == ["1", "2"]
    group.kill("a")
    taken = group.next("b", "1 minute")
    assert group.events(taken) == ["1", "2"]
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match=f"batch {batch} was taken over by pack.b as batch {taken}"):
        group.finish(batch)
    assert group.db.value("select pgq_coop.heartbeat(%s)", taken) == 1
    assert group.finish(taken) == 1
    assert group.db.value("select pgq_coop.unregister_subconsumer('orders', 'pack', 'b', 0)") == 1
    assert group.db.value("select pgq_coop.version()") == "4.0"


def test_the_one_file_install_on_other_versions(any_version_db, group_in):
    install.install_one_file(any_version_db, "pgq_coop")
    everything_works(group_in(any_version_db))


@pytest.mark.xdist_group("debian")
def test_the_one_file_install_on_debians_pgq_and_over_itself(debian_db, group_in):
    install.install_one_file(debian_db, "pgq_coop", "pgq_coop")
    everything_works(group_in(debian_db))


def test_functions_with_the_owners_rights_pin_their_search_path(group):
    assert group.db.sql("select proname from pg_proc where pronamespace = 'pgq_coop'::regnamespace and prosecdef"
                        " and proconfig is distinct from '{\"search_path=pg_catalog, pg_temp\"}'") == []


def test_readers_may_and_the_public_may_not(group):
    calls = {
        "pgq_coop.register_subconsumer(text, text, text)", "pgq_coop.unregister_subconsumer(text, text, text, integer)",
        "pgq_coop.next_batch(text, text, text)", "pgq_coop.next_batch(text, text, text, interval)",
        "pgq_coop.next_batch_custom(text, text, text, interval, integer, interval)",
        "pgq_coop.next_batch_custom(text, text, text, interval, integer, interval, interval)",
        "pgq_coop.finish_batch(bigint)", "pgq_coop.heartbeat(bigint)"}

    def allowed(role):
        return {row[0] for row in group.db.sql(
            "select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'pgq_coop'::regnamespace"
            " and has_function_privilege(%s, p.oid, 'execute')", role)}

    def spelled(names):
        return {name.replace(", ", ",") for name in names}

    assert allowed("pgq_writer") == {"pgq_coop.version()"}
    assert allowed("pgq_reader") == spelled(calls) | {"pgq_coop.version()"}
    assert allowed("pgq_admin") == allowed("pgq_reader")


def test_a_reader_works_with_nothing_but_its_role(group):
    group.tick("1")
    session = group.db.connect()
    with session.cursor() as cursor:
        cursor.execute("set role pgq_reader")
        cursor.execute("select pgq_coop.next_batch('orders', 'pack', 'a', '1 hour')")
        cursor.execute("select pgq_coop.finish_batch(%s)", cursor.fetchone())
        cursor.execute("select pgq_coop.unregister_subconsumer('orders', 'pack', 'a', 0)")
        assert cursor.fetchone() == (1,)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("delete from pgq_coop.taken_over")


@pytest.mark.parametrize("old", ["3.3.1", "3.4"])
def test_an_upgrade_keeps_members_and_their_batches(server, make_db, group_in, old):
    group = group_in(make_db(server, "pgq", "pgq_coop"))
    group.join("a", "b")
    group.tick("1")
    batch = group.next("a")
    as_in_version_3(group.db, old)
    before = group.db.sql("select * from pgq.subscription order by sub_consumer")

    group.db.sql("alter extension pgq_coop update")
    assert group.db.sql("select * from pgq.subscription order by sub_consumer") == before
    assert group.db.value("select pgq_coop.version()") == "4.0"
    assert group.next("a") == batch
    group.kill("a")
    taken = group.next("b", "1 minute")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
        group.finish(batch)
    assert group.finish(taken) == 1
    assert group.db.sql("select oid::regprocedure from pg_proc where pronamespace = 'pgq_coop'::regnamespace"
                        " and has_function_privilege('public', oid, 'execute') and proname <> 'version'") == []

    # All that there is belongs to the extension, so it goes with it.
    group.db.sql("drop extension pgq_coop")
    assert group.db.value("select to_regnamespace('pgq_coop')") is None


def as_in_version_3(db, version):
    """Makes the extension look as version 3 left it: eight functions, no table, no pinned search path, public rights."""
    for name, kind in db.sql(
            "select p.oid::regprocedure::text, 'function' from pg_proc p where p.pronamespace = 'pgq_coop'::regnamespace"
            " and (p.proname like '\\_%%' or p.proname = 'heartbeat') union all select 'pgq_coop.taken_over', 'table'"):
        db.sql(f"alter extension pgq_coop drop {kind} {name}")
        db.sql(f"drop {kind} {name}")
    db.sql("create or replace function pgq_coop.finish_batch(i_batch_id bigint) returns integer language plpgsql security definer"
           " as $$ begin return -3; end $$")
    db.sql("grant execute on function pgq_coop.finish_batch(bigint) to public")
    db.sql("update pg_extension set extversion = %s where extname = 'pgq_coop'", version)
    assert db.value("select pgq_coop.finish_batch(1)") == -3
