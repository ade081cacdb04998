# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine as a host that is reached through SSH, on loopback, for as long as a test lasts; no daemon is installed.

with SshHost(tmp_path) as host:
    print(host.variables)       for the inventory
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import asyncssh

#: the client keeps no connection behind the test, and remembers no host
CLIENT = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ControlMaster=no -o IdentitiesOnly=yes"


class SshHost:
    """A running server that lets in the key that it made, and runs what it is told as the user of the test."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncssh.SSHAcceptor | None = None

    @property
    def variables(self) -> dict[str, Any]:
        """How Ansible gets there."""
        assert self._server
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self._server.get_port(),
            "ansible_user": "anybody",
            "ansible_ssh_private_key_file": str(self._directory / "id"),
            "ansible_ssh_common_args": CLIENT,
            "ansible_ssh_pipelining": True,
        }

    async def _start(self) -> asyncssh.SSHAcceptor:
        ours, theirs = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
        theirs.write_private_key(str(self._directory / "id"))
        (self._directory / "id").chmod(0o600)
        authorized = self._directory / "authorized_keys"
        authorized.write_bytes(theirs.export_public_key())
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[ours],
            authorized_client_keys=str(authorized),
            process_factory=_run,
            encoding=None,
        )

    def __enter__(self) -> SshHost:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._server:
            self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run one command as sshd does, by the user's shell."""
    pipe = asyncio.subprocess.PIPE
    shell = await asyncio.create_subprocess_exec("/bin/sh", "-c", process.command or "true", stdin=pipe, stdout=pipe, stderr=pipe)
    feeding = asyncio.ensure_future(_feed(process, shell))
    assert shell.stdout and shell.stderr
    out, error = await asyncio.gather(shell.stdout.read(), shell.stderr.read())
    # Whoever gives no input does not always say so, and the command may end without reading it.
    feeding.cancel()
    process.stdout.write(out)
    process.stderr.write(error)
    process.exit(await shell.wait())


async def _feed(process: asyncssh.SSHServerProcess[bytes], shell: asyncio.subprocess.Process) -> None:
    assert shell.stdin
    while data := await process.stdin.read(65536):
        shell.stdin.write(data)
        await shell.stdin.drain()
    shell.stdin.close()
