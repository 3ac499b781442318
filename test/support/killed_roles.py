"""Commands that change the roles of a pair, killed and given again."""
from support.killed import run_until
from support.server import as_server_user

MOST_KILLS = 200


def named(event):
    """Without the number of a claim, which each run draws that was killed before it was noted."""
    kind, text = event
    return kind, "note claim" if text.startswith("note claim ") else text


def killed_everywhere(pair, *command, at, until=lambda event: False, given=None):
    """Gives a command again and again, and kills it where `at(event)` holds for one that comes up for the first time. Returns these.
    `given` is its whole command line where that is not the usual one of the pair."""
    output = pair.folder / "said"
    output.touch()
    seen = []
    for _ in range(MOST_KILLS):
        event, status = run_until(given or as_server_user(pair.archive.command(*command)),
                                  lambda event: at(named(event)) and named(event) not in seen, output)
        primaries = pair.primaries()
        assert len(primaries) <= 1, (primaries, seen, output.read_text())
        if event is None and status == 14:  # what the last run has started is not done yet
            continue
        if event is None:
            assert status == 0, (seen, output.read_text())
            return seen
        seen.append(named(event))
        if until(event):
            return seen
    raise AssertionError((seen, output.read_text()))


def lines_of(events):
    return [text for kind, text in events if kind == "before"]


def has_all(pair, name, writer):
    """Whether a server has what was acknowledged by now."""
    acknowledged = list(writer.acknowledged)
    return set(acknowledged) <= set(pair.rows(name)) and acknowledged
