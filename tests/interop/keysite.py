# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose host_vars describe buckets and keys, the playbooks run on it, and somebody who looks everywhere for secrets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.mediastore.s3.tests.interop.keyholder import client

#: a command is in place within a moment of the start of its process, which is looked at half a second long
LOOK_EVERY_S, LOOKS = 0.02, 25


@dataclass
class Run:
    """How a playbook ended."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        return sum(int(number) for number in re.findall(r"changed=(\d+)", self.output))


class CommandLines:
    """What every process of the machine was started with, while it is looked."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def seen(self) -> set[str]:
        """The command lines."""
        return {line.replace(b"\0", b" ").decode(errors="replace") for line in self._seen}

    def _look(self) -> None:
        there: set[str] = set()
        young: dict[str, int] = {}
        while not self._done.wait(LOOK_EVERY_S):
            before, there = there, {name for name in os.listdir("/proc") if name.isdigit()}
            # What is called soon after the start is the command; who looked at all of them every time took half a processor.
            young.update(dict.fromkeys(there - before, LOOKS))
            for process, looks in list(young.items()):
                with contextlib.suppress(OSError), open(f"/proc/{process}/cmdline", "rb", buffering=0) as line:
                    self._seen.add(line.read())
                if looks > 1 and process in there:
                    young[process] = looks - 1
                else:
                    del young[process]

    def __enter__(self) -> CommandLines:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()


def cut_the_power(pid: int) -> None:
    """Kill a process with all that it started, also what has left its process group, as Ansible's workers do."""
    doomed = [pid]
    for one in doomed:
        with contextlib.suppress(OSError):
            os.kill(one, signal.SIGSTOP)  # so that it starts nothing more
            doomed += [
                int(child) for task in Path(f"/proc/{one}/task").iterdir() for child in (task / "children").read_text().split()
            ]
    for one in doomed:
        with contextlib.suppress(OSError):
            os.kill(one, signal.SIGKILL)


class KeySite:
    """One host, `chat`, on this machine; its variables are `variables`, and `store` is a running one (stores.Store)."""

    def __init__(self, directory: Path, store: Any) -> None:
        self.directory = directory
        self.store = store
        self.admin = {**store.keys_connection, **store.administration}
        self.bucket, self.other = (f"{word}-{secrets.token_hex(4)}" for word in ("media", "other"))
        self.name = f"app-{secrets.token_hex(4)}"
        self.file = directory / "key.json"
        self.vault = directory / "host_vars" / "chat" / "keys.yml"
        self.vault.parent.mkdir(parents=True)
        self._password = secrets.token_hex(16)
        (directory / "password").write_text(self._password)
        self.variables: dict[str, Any] = {
            "mediastore_buckets": [{"name": self.bucket}, {"name": self.other}],
            "mediastore_prove_timeout": 60,
        }
        #: everything that was printed, and every command line, to be searched in the end
        self.shown: list[str] = []
        self.known: set[str] = {self._password} | {
            str(self.admin[name]) for name in ("secret_key", "admin_token") if self.admin.get(name)
        }

    def key(self, preset: str = "", rights: tuple[str, ...] = (), place: str = "file", **more: Any) -> dict[str, Any]:
        """An entry of mediastore_keys."""
        grant: dict[str, Any] = {"bucket": self.bucket, **({"preset": preset} if preset else {"rights": list(rights)})}
        kept = {"secret_file": {"path": str(self.file)}} if place == "file" else {"secret_vault": {"path": str(self.vault)}}
        return {"name": self.name, "grants": [grant], **kept, **more}

    def run(self, playbook: str, *flags: str, **variables: Any) -> Run:
        """Run one of the collection's playbooks, with everything shown that Ansible can show short of debugging itself."""
        command = ["ansible-playbook", "-i", str(self._inventory(variables)), playbook, "-vvv", "--diff", *flags]
        command += ["--vault-password-file", str(self.directory / "password")]
        with CommandLines() as lines:
            done = subprocess.run(
                command, env=self.environment, cwd=self.directory, capture_output=True, text=True, timeout=600, check=False
            )
        self.shown += [done.stdout, done.stderr, *lines.seen]
        assert "Traceback" not in done.stdout + done.stderr
        return Run(done.returncode, done.stdout + done.stderr)

    def start(self, playbook: str, **variables: Any) -> subprocess.Popen[bytes]:
        """Begin to run one, in a process group that can be killed."""
        command = ["ansible-playbook", "-i", str(self._inventory(variables)), playbook]
        command += ["--vault-password-file", str(self.directory / "password")]
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, env=self.environment, cwd=self.directory, start_new_session=True, **quiet)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "ANSIBLE_PIPELINING": "true"}

    def kept(self, place: str = "file") -> dict[str, Any]:
        """What is kept of the key; its secrets are remembered, to be looked for."""
        found = json.loads(self.file.read_text() or "{}") if place == "file" and self.file.exists() else {}
        if place == "vault" and self.vault.exists():
            text = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(self._password.encode()))]).decrypt(self.vault.read_bytes())
            found = yaml.safe_load(text)["mediastore_secrets"].get(self.name, {})
        for secret in (found, found.get("previous") or {}):
            if secret.get("secret_key"):
                self.known.add(secret["secret_key"])
        return found

    def client(self, kept: dict[str, Any]) -> Any:
        """A client with a key that is kept."""
        return client(self.admin, kept["access_key"], kept["secret_key"])

    @property
    def owner(self) -> Any:
        """A client that may do everything."""
        return client(self.admin, self.admin["access_key"], self.admin["secret_key"])

    def leaks(self) -> list[str]:
        """Where a secret was shown: the lines around, with the secret cut out."""
        found = []
        for text in self.shown:
            for secret in self.known:
                at = text.find(secret)
                if at >= 0:
                    found.append(text[max(0, at - 200) : at] + "<SECRET>" + text[at + len(secret) : at + len(secret) + 100])
        return found

    def _inventory(self, variables: dict[str, Any]) -> Path:
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "mediastore_admin": self.admin,
            **self.variables,
            **variables,
        }
        path = self.directory / "inventory.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": {"chat": host}}}))
        return path
