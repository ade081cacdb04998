# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys in a file of the controller that is encrypted with ansible-vault: one variable, a dictionary of names."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_dump, yaml_load
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret

from ..module_utils._core.errors import BadInput
from ..module_utils._core.files import explaining_os, write_atomic
from ..module_utils._core.keyrecord import Record


class VaultFile:
    """One such file. It holds nothing else, for rewriting it would lose comments and order of what is not ours."""

    def __init__(self, loader: DataLoader, path: str, variable: str, vault_id: str | None) -> None:
        self.path = loader.path_dwim(path)
        self._variable = variable
        self._vault_id = vault_id
        self._vault: VaultLib = loader._vault
        self._tried = f"keep a key in {self.path}"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other tasks out of the directory, so that two hosts neither make the same key nor overwrite each other's."""
        self._check()
        with explaining_os(self._tried):
            directory = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def read(self, name: str) -> Record:
        """What is kept of that name."""
        return Record.from_dict(self._read()[0].get(name) or {}, f"{self._variable}.{name} in {self.path}")

    def write(self, name: str, record: Record) -> None:
        """Keep this of that name from now on; an empty record is none."""
        names, secret, label = self._read()
        names.pop(name, None)
        if record != Record():
            names[name] = record.as_dict()
        text = yaml_dump({self._variable: names}, default_flow_style=False, sort_keys=True)
        write_atomic(self.path, self._vault.encrypt(f"---\n{text}", secret, label), self._mode())

    def _check(self) -> None:
        if not os.path.isdir(os.path.dirname(self.path)):
            raise BadInput(self._tried, said="there is no such directory", remedy="Create it first, or correct the path.")
        if not self._vault.secrets:
            raise BadInput(
                self._tried,
                said="ansible-playbook has no vault password, so it could not be encrypted",
                remedy="Give one (--vault-password-file, --ask-vault-pass or --vault-id).",
            )
        self._read()

    def _read(self) -> tuple[dict[str, Any], Any, str | None]:
        """The names, and what to encrypt with: as the file was, unless the user says otherwise."""
        try:
            with explaining_os(f"read {self.path}"), open(self.path, "rb") as source:
                sealed = source.read()
        except BadInput as exc:
            if exc.code != "ENOENT":
                raise
            return {}, self._secret(self._vault_id), self._vault_id
        if not is_encrypted(sealed):
            raise BadInput(
                self._tried,
                said="the file is there, and it is not encrypted with ansible-vault",
                remedy="Name another file, or encrypt it first if it holds keys of this module only (ansible-vault encrypt).",
            )
        try:
            text, label, secret = self._vault.decrypt_and_get_vault_id(sealed)
        except AnsibleError as exc:
            raise BadInput(self._tried, said=str(exc), remedy="Give the password that it was encrypted with.") from exc
        if self._vault_id:
            label, secret = self._vault_id, self._secret(self._vault_id)
        return self._names(text), secret, label

    def _names(self, text: bytes) -> dict[str, Any]:
        said = yaml_load(text) or {}
        names = said.get(self._variable) if isinstance(said, dict) and len(said) == 1 else None
        if said and not isinstance(names, dict):
            raise BadInput(
                self._tried,
                said=f"the file holds something else than the variable {self._variable}",
                remedy="Name a file of its own for keys, or set variable to the one that it holds.",
            )
        return names or {}

    def _secret(self, vault_id: str | None) -> Any:
        try:
            return match_encrypt_secret(self._vault.secrets, vault_id)[1]
        except AnsibleError as exc:
            raise BadInput(self._tried, said=str(exc), remedy="Correct vault_id, or give its password.") from exc

    def _mode(self) -> int:
        try:
            return os.stat(self.path).st_mode & 0o777
        except FileNotFoundError:
            return 0o600
