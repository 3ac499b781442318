"""Servers whose configuration lies outside of their data folder, as Debian has it: they are started again by what they were started with,
and not stopped before that is known."""
import pytest

from support.debian_way import BIN, debian_way


@pytest.fixture(scope="module")
def debian(program):
    with debian_way(program("walmgr")) as made:
        made.walmgr("repo", "init")
        yield made


def words_of_last_start(debian, name):
    return (debian.data(name) / "postmaster.opts").read_text()


def test_such_a_server_is_stopped_only_where_it_can_be_started_again(debian):
    options = debian.data("a") / "postmaster.opts"
    options.rename(options.with_suffix(".kept"))
    debian.walmgr("setup", "--restart", status=3, says="set master_config, or master_start_cmd")
    assert debian.sql("a", "select pg_reload_conf()") == [(True,)]
    debian.configure(master_config=debian.etc("a") / "nowhere.conf")
    debian.walmgr("setup", "--restart", status=16, says="nowhere.conf, by which the master is started")
    # What the server has left in its data folder says it.
    debian.configure()
    options.with_suffix(".kept").rename(options)
    assert f'"-D" "{debian.etc("a")}"' in words_of_last_start(debian, "a")
    debian.walmgr("setup", "--restart", says="restarted the server")
    assert f'"config_file={debian.etc("a")}/postgresql.conf"' in words_of_last_start(debian, "a")
    assert debian.sql("a", "select current_setting('work_mem'), current_setting('archive_mode')") == [("5MB", "on")]


def test_a_standby_of_such_a_server_has_a_configuration_before_it_is_made(debian):
    debian.walmgr("createslave", status=3, says=f"as {debian.etc('a')}/postgresql.conf, so that a copy has none: set slave_config_dir")
    assert not debian.data("b").exists()
    debian.give_config("b")
    debian.configure(slave_config_dir=debian.etc("b"))
    debian.walmgr("createslave", says="the slave follows the master")
    assert debian.sql("b", "select current_setting('config_file')") == [(f"{debian.etc('b')}/postgresql.conf",)]


@pytest.mark.long
def test_such_servers_change_their_roles_and_a_lost_one_is_rewound(debian):
    debian.configure()
    debian.walmgr("switchover", says="the slave is the primary, the master follows")
    debian.walmgr("switchover", says="the master is the primary, the slave follows")
    debian.sql("a", "create table kept as select 1 as n")
    debian.run(BIN / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", debian.data("a"))
    debian.walmgr("boot", says="the slave is the primary")
    debian.start("a")  # and it writes what the other does not have
    debian.sql("a", "create table lost as select 1 as n")
    debian.run(BIN / "pg_ctl", "stop", "-w", "-D", debian.data("a"))
    debian.walmgr("rejoin", says="the master follows the slave, rewound")
    # pg_rewind has removed what said where its configuration was.
    assert f'"config_file={debian.etc("a")}/postgresql.conf"' in words_of_last_start(debian, "a")
    assert debian.sql("a", "select to_regclass('kept') is not null, to_regclass('lost')") == [(True, None)]
