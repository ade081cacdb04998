# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of access_key: keeps secrets in a vault, and out of everything that is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._core.errors import MediastoreError
from ..module_utils._core.keyrecord import Record, Secret
from ..plugin_utils._vaultfile import VaultFile

#: what the module calls a key that it would make
NEW = "(new)"


class ActionModule(ActionBase):
    """Runs mediastore.s3.access_key."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; a result with a secret in it can be registered, and is shown to nobody."""
        super().run(tmp, task_vars)
        if self._task.async_val:
            raise AnsibleActionFail(
                "access_key cannot run with async: the job's result would lie on the host, with the secret in it."
            )
        self._vars = task_vars or {}
        args = dict(self._task.args)
        vault = args.get("secret_vault")
        try:
            result = self._with_vault(args, vault) if isinstance(vault, Mapping) and vault.get("path") else self._module(args)
        except MediastoreError as exc:
            return {"failed": True, "msg": str(exc), "error": exc.as_dict(), "changed": False}
        if result.get("secret_key"):
            result["_ansible_no_log"] = True
        return result

    def _with_vault(self, args: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
        """Note what there is, make the key, keep it: whatever is killed in between, the next run knows what to do."""
        name = str(args.get("name"))
        variable, vault_id = said.get("variable") or "mediastore_secrets", said.get("vault_id")
        vault = VaultFile(self._loader, str(said["path"]), str(variable), vault_id and str(vault_id))
        with vault.locked():
            record = vault.read(name)
            result = self._module({**args, "kept": _known(record)}, check=True)
            if not (result.get("failed") or self._task.check_mode or not result.get("changed")):
                if result.get("access_key") == NEW:
                    there = tuple(key["access_key"] for key in result["access_keys"] if key["access_key"] != NEW)
                    record = replace(record, unfinished=there)
                    vault.write(name, record)
                result = self._module({**args, "kept": _known(record)})
                self._keep(vault, name, record, result)
        result["secret_key"] = None
        result["secret_kept"] = vault.path if result.get("access_key") else None
        return result

    def _keep(self, vault: VaultFile, name: str, record: Record, result: Mapping[str, Any]) -> None:
        """Write down what the module made, even if it failed afterwards."""
        made = Secret(result["access_key"], result["secret_key"]) if result.get("secret_key") else None
        if result.get("failed"):
            if made:
                vault.write(name, Record(made, record.current))
            return
        known = {secret.access_key: secret for secret in (record.previous, record.current, made) if secret}
        kept = result["kept"]
        vault.write(name, Record(known.get(kept["current"]), known.get(kept["previous"])))

    def _module(self, args: dict[str, Any], check: bool = False) -> dict[str, Any]:
        with self._unseen(check):
            result: dict[str, Any] = self._execute_module(module_args=args, task_vars=self._vars)
        return result

    @contextlib.contextmanager
    def _unseen(self, check: bool) -> Iterator[None]:
        """While the module runs: with -vvv, connections show what a module answers unless the task says no_log."""
        # The connection looks into a play context of its own, which need not be this plugin's.
        task, connection = self._task, self._connection._play_context
        was = (task.no_log, connection.no_log, task.check_mode)
        task.no_log, connection.no_log, task.check_mode = True, True, check or task.check_mode
        try:
            yield
        finally:
            task.no_log, connection.no_log, task.check_mode = was


def _known(record: Record) -> dict[str, Any]:
    current, previous = (secret.access_key if secret else None for secret in (record.current, record.previous))
    unfinished = None if record.unfinished is None else list(record.unfinished)
    return {"current": current, "previous": previous, "unfinished": unfinished}
