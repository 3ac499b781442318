"""A pair of servers as if each lived on a machine of its own, and a third machine from which they are driven.

Whoever gives the commands on the third is a user who cannot enter the data folders (0700, of the servers' user): what is done there
is done by a walmgr behind ssh, or not at all. Each machine has a configuration and a folder for journals of its own.
"""
import contextlib
import os
import pwd
import shutil
import subprocess

from support.pair import Pair
from support.server import USER, give_to_server_user, scratch_folder
from support.ssh import ssh_server

DRIVER = "nobody"


class TwoMachines(Pair):
    """`a`, `b` and `third` are the machines; `a` is the master of all three configurations, `b` the slave."""

    def __init__(self, folder, program, sshd, settings=""):
        self.sshd = sshd
        super().__init__(folder, program, settings)
        self.inis = {}
        for machine in ("a", "b", "third"):
            (folder / f"state-{machine}").mkdir()
            self.own(machine, folder / f"state-{machine}")
        self.everywhere = {name: value for name, value in self.keys.items() if name != "state_dir"}
        self.configure_machines()

    def machine(self, name):
        return self.sshd.location(self.folder / f"{name}.ini")

    def own(self, machine, path):
        """Makes a machine's user the owner."""
        if machine == "third" and os.geteuid() == 0:
            entry = pwd.getpwnam(DRIVER)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        else:
            give_to_server_user(path)

    def configure_machines(self, **of_machines):
        """Writes the configurations anew; `a={"key": value}` is for one machine only."""
        elsewhere = {"ssh_walmgr": self.archive.program}
        keys = {"a": {"slave_machine": self.machine("b")},
                "b": {"master_machine": self.machine("a")},
                # The third reaches the repository by ssh too.
                "third": {"master_machine": self.machine("a"), "slave_machine": self.machine("b"),
                          "walmgr_data": self.sshd.location(self.archive.repository)}}
        for machine, more in keys.items():
            client = self.sshd.client if machine != "third" else self.folder / "third.ssh"
            ini = self.inis[machine] = self.folder / f"{machine}.ini"
            wanted = {"walmgr_data": self.archive.repository, **self.everywhere, "state_dir": self.folder / f"state-{machine}", **elsewhere,
                      "ssh_command": f"ssh -F {client}", **more, **of_machines.get(machine, {})}
            ini.write_text("[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in wanted.items()))
        # ssh refuses a key that others may read, and the two users have one each.
        mine = self.folder / "third.key"
        shutil.copy(self.sshd.folder / "key", mine)
        mine.chmod(0o600)
        self.own("third", mine)
        text = self.sshd.client.read_text().replace(f"{self.sshd.folder}/key", str(mine))
        (self.folder / "third.ssh").write_text(text)

    def command_at(self, machine, *args):
        """The command line of walmgr, as that machine's user."""
        user = DRIVER if machine == "third" else USER
        change = ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"] if os.geteuid() == 0 else []
        return [*change, str(self.archive.program), str(self.inis[machine]), *map(str, args)]

    def at(self, machine, *args, **keywords):
        return subprocess.run(self.command_at(machine, *args), capture_output=True, text=True, timeout=120, cwd="/", **keywords)

    def journals(self):
        return sorted(path for machine in self.inis for path in (self.folder / f"state-{machine}").glob("*.journal"))


@contextlib.contextmanager
def two_machines(program, settings="wal_log_hints = on"):
    """They and their sshd are stopped and removed at the end, whatever happens."""
    folder = scratch_folder()
    made = TwoMachines.__new__(TwoMachines)
    made.folders = {}
    try:
        for name in ("walmgr", "ssh"):
            (folder / name).mkdir()
            give_to_server_user(folder / name)
        with ssh_server(folder / "ssh", USER if os.geteuid() == 0 else None) as sshd:
            made.__init__(folder, program, sshd, settings)
            yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)
