"""walmgr says how far the log is, to people, to programs and to Prometheus, and what it cannot find out."""
import json
import re
import signal

import pytest

from support.archive import archiving_server, wait_until_archived
from support.receiving import Receiving


@pytest.fixture
def receiving(scratch, program, start):
    return Receiving(scratch, program("walmgr"), start)


def status(receiving, expected=0):
    done = receiving.run("status", "--json")
    assert done.returncode == expected, done.stderr
    return json.loads(done.stdout)


def test_how_far_the_log_is(receiving, wait_until):
    with archiving_server(receiving) as server:
        found = status(receiving)
        assert found["received"] == {"timeline": None, "flushed": None, "lag_bytes": None, "waiting": 0}
        assert found["server"]["receiver"] is None and found["server"]["archiver"]["failing"] is False
        assert found["repositories"] == [{"location": str(receiving.repository), "last": None, "end": None, "lag_bytes": None,
                                          "gaps": []}]
        name = wait_until_archived(server, wait_until)
        receiver = receiving.receive()
        wait_until(lambda: (status(receiving)["received"]["lag_bytes"]) == 0, what="nothing left to receive")
        found = status(receiving)
        assert found["problems"] == [] and found["cluster"] == "main"
        assert found["server"]["timeline"] == found["received"]["timeline"] == 1
        assert found["server"]["receiver"]["state"] == "streaming"
        assert found["server"]["archiver"]["last"] == name and found["server"]["archiver"]["archived"] >= 1
        assert [(one["name"], one["active"]) for one in found["server"]["slots"]] == [("walmgr", True)]
        assert found["repositories"][0]["last"] == name and found["repositories"][0]["lag_bytes"] < 16 << 20
        shown = receiving.run("lag").stdout
        assert re.search(r"^received: timeline 1 up to [0-9A-F/]+, \d+ bytes behind; 0 files wait", shown, re.M), shown
        assert re.search(rf"^archiver: last {name}, [\d.]+ s ago, 0 failures$", shown, re.M), shown

        away = receiving.repository.rename(receiving.folder / "away")
        server.execute("insert into something values (2)")
        server.execute("select pg_switch_wal()")
        wait_until(lambda: status(receiving, 16)["server"]["archiver"]["failing"], what="a failing archiver")
        assert "; failing now at 0000" in receiving.run("status").stdout
        away.rename(receiving.repository)
        wait_until(lambda: not status(receiving)["server"]["archiver"]["failing"], timeout=120, what="an archiver that works again")
        file = receiving.repository / "walmgr.prom"
        for _ in range(2):
            assert receiving.run("metrics", file).returncode == 0
        text = file.read_text()
        assert receiving.run("metrics").stdout.count("\n") == text.count("\n")
        assert 'walmgr_up{cluster="main"} 1\n' in text and 'walmgr_archiver_failing{cluster="main"} 0\n' in text
        assert 'walmgr_slot_active{cluster="main",slot="walmgr"} 1\n' in text
        for line in text.splitlines():
            assert re.fullmatch(r'# (HELP|TYPE) walmgr_\w+ .+|walmgr_\w+\{[^}]*\} [\d.e+-]+', line), line
        assert not list(receiving.repository.glob("*.tmp"))
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(30) == 0

    # The server is gone, and the rest is shown nevertheless.
    found = status(receiving, 16)
    assert found["server"] is None and found["problems"][0]["where"] == "server"
    assert found["received"]["flushed"] and found["received"]["lag_bytes"] is None
    done = receiving.run("metrics")
    assert done.returncode == 16 and 'walmgr_up{cluster="main"} 0\n' in done.stdout
    assert "walmgr_repository_end_bytes" in done.stdout and done.stderr.count("\n") == 1
    receiving.repository.rename(receiving.folder / "away")
    done = receiving.run("status")
    assert done.returncode == 16 and "cannot be entered" in done.stderr and "received: timeline 1" in done.stdout
