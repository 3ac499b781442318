"""Barman as a peer: a home of its own, commands run as the server's user, and a loopback ssh by which its own archive_command and
restore_command reach it."""

import contextlib
import os
import pwd

import peers  # noqa: F401  where to find support

from support.server import USER, give_to_server_user
from support.ssh import ssh_server


class BarmanHome:
    """`more` are settings of its server `main`."""

    def __init__(self, folder, server, **more):
        self.folder = folder / "barman"
        for made in (self.folder, self.folder / "main", self.folder / "main/incoming", self.folder / "ssh"):
            made.mkdir()
            give_to_server_user(made)
        self.config = self.folder / "barman.conf"
        settings = {"description": "bench", "conninfo": server.conninfo(), "streaming_conninfo": server.conninfo(), "backup_method": "postgres",
                    "archiver": "on", **more}
        owner = USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.config.write_text(f"[barman]\nbarman_user = {owner}\nbarman_home = {self.folder}\nbarman_lock_directory = {self.folder}\n"
                               f"log_file = {self.folder}/barman.log\n[main]\n"
                               + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        self.sshd = None

    def command(self, *words):
        return ["barman", "-q", "-c", self.config, *words]

    def by_ssh(self, program, *words):
        """One of barman-cli's programs, which begin ssh by that name."""
        return ["env", f"PATH={self.folder}/ssh/bin:/usr/bin:/bin", program, "-U", self.sshd.user, "--port", str(self.sshd.port),
                "-c", self.config, "127.0.0.1", "main", *words]

    @contextlib.contextmanager
    def reached(self):
        with ssh_server(self.folder / "ssh") as self.sshd:
            ssh = self.folder / "ssh/bin/ssh"
            ssh.parent.mkdir()
            ssh.write_text(f'#!/bin/sh\nexec /usr/bin/{self.sshd.command} "$@"\n')
            ssh.chmod(0o755)
            yield
