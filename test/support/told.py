"""What walmgr tells programs with --json, compared with what its manual says of it."""
import json
import re

from support.server import ROOT

COMMON = ["command", "dry_run", "status", "problem", "changes", "attentions"]
NAME = re.compile(r"\*(\w+)\*(?:\s+\(([^)]*)\))?")
VERB = re.compile(r"\b_(\w+)_(?:\s+\(([^)]*)\))?")


def _nested(text):
    return frozenset(re.findall(r"\*(\w+)\*", text or ""))


class Manual:
    """Names in bold are facts, and those in parentheses behind one are the members of it; actions are underlined."""

    def __init__(self):
        text = (ROOT / "docs/man/walmgr.1.scd").read_text()
        section = re.search(r"^## Commands that change something\n(.*?)^## ", text, re.M | re.S)[1]
        self.facts, self.actions = {}, {}
        for heading, body in re.findall(r"^(\*[^\n]*\*)\n((?:\t[^\n]*\n)+)", section, re.M):
            facts, separator, actions = body.partition("Changes:")
            if not separator:
                assert heading.strip("*") in COMMON, heading
                continue
            for command in re.findall(r"\*([^*]+)\*", heading):
                self.facts[command] = {name: _nested(members) for name, members in NAME.findall(facts)}
                self.actions[command] = {(action, _nested(members)) for action, members in VERB.findall(actions)}

    def read(self, done, command, dry_run=False):
        """The object that a command has written, as the manual says."""
        assert done.stdout.count("\n") == 1 and done.stdout.endswith("\n"), done
        told = json.loads(done.stdout)
        assert list(told)[:len(COMMON)] == COMMON, told
        assert (told["command"], told["dry_run"], told["status"]) == (command, dry_run, done.returncode), done
        assert (told["problem"] is None) == (done.returncode == 0), told
        facts = {name: value for name, value in told.items() if name not in COMMON}
        if done.returncode == 0 or facts:
            assert set(facts) == set(self.facts[command]), told
        for name, value in facts.items():
            for one in value if isinstance(value, list) else [value]:
                assert not isinstance(one, dict) or not self.facts[command][name] or set(one) == self.facts[command][name], (name, one)
                assert isinstance(one, dict) or not self.facts[command][name] or one is None, (name, one)
        for change in told["changes"]:
            assert list(change)[:2] == ["action", "object"] and change["object"], change
            assert (change["action"], frozenset(change) - {"action", "object"}) in self.actions[command], change
        return told
