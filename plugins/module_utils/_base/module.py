# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The module as our modules see it: options, a store, and one way to end."""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module

from .._core.errors import MediastoreError
from .._store import client as clients
from .._store.connection import Connection
from .._store.faults import explain, is_boto
from .._store.profile import Profile
from .._store.registry import profile_for
from .argspec import CONNECTION, ArgSpec

#: where a virtual environment with boto3 is looked for when the module's own Python lacks it
INTERPRETERS = ("/opt/mediastore/venv/bin/python",)

Self = t.TypeVar("Self", bound="HostModule")


class HostModule(AnsibleModule):
    """A module that works on the host only."""

    def __init__(self, spec: ArgSpec, supports_check_mode: bool = True) -> None:
        self._said: frozenset[str] = frozenset()
        super().__init__(supports_check_mode=supports_check_mode, **spec.kwargs())

    def _load_params(self) -> None:
        super()._load_params()
        # Before AnsibleModule fills in the defaults: the only moment at which the two can be told apart.
        self._said = frozenset(name for name, value in self.params.items() if value is not None)

    def asked(self, name: str) -> bool:
        """Whether the user said it, rather than the default."""
        return name in self._said

    @property
    def diff_asked(self) -> bool:
        """Whether the user wants to see a diff."""
        return bool(self._diff)

    def run(self: Self, act: t.Callable[[Self], dict[str, t.Any]]) -> t.NoReturn:
        """Do it and end the module; whatever goes wrong ends as one clear error."""
        try:
            result = act(self)
        except MediastoreError as exc:
            self._fail(exc)
        except Exception as exc:
            self._fail(self._explain(exc))
        self.exit_json(**result)
        raise AssertionError("exit_json does not return")

    def _explain(self, exc: Exception) -> MediastoreError:
        if isinstance(exc, OSError) and exc.filename:
            return MediastoreError(
                f"use {exc.filename}", said=exc.strerror or str(exc), remedy="Check the path and its permissions."
            )
        return MediastoreError(
            "finish this task",
            said=f"an error that nobody thought of, {type(exc).__name__}: {exc}, at {_place(exc)}",
            remedy="Please report it to the collection with the task and this message.",
            code="Unexpected",
        )

    def _fail(self, exc: MediastoreError) -> t.NoReturn:
        self.fail_json(msg=str(exc), error=exc.as_dict(), **getattr(exc, "result", {}))
        raise AssertionError("fail_json does not return")


class StoreModule(HostModule):
    """A module that works on a store; nothing is sent and boto3 is not needed before ``client`` is."""

    #: connections that the client keeps open, for a module that works with several threads
    pool = 16

    def __init__(self, spec: ArgSpec, supports_check_mode: bool = True) -> None:
        self._connection: Connection | None = None
        self._client: t.Any = None
        super().__init__(CONNECTION.merge(spec), supports_check_mode=supports_check_mode)

    @property
    def profile(self) -> Profile:
        """What is known about the provider."""
        return profile_for(self.connection)

    @property
    def connection(self) -> Connection:
        """The connection, completed with the provider's endpoint and region."""
        if self._connection is None:
            said = Connection.from_params(self.params)
            if said.proxy_password:
                self.no_log_values.add(said.proxy_password)
            self._connection = profile_for(said).complete(said)
        return self._connection

    @property
    def client(self) -> t.Any:
        """The S3 client, made when it is first needed."""
        if self._client is None:
            if not clients.HAS_BOTO3:
                self._respawn()
            try:
                self._client = clients.make_client(self.connection, self.profile, pool=self.pool)
            except Exception as exc:
                if is_boto(exc):
                    raise explain(exc, "make a client", self.connection) from exc
                raise
        return self._client

    def _respawn(self) -> None:
        # A respawned module starts again from its first line, so nothing has been done twice.
        if not has_respawned():
            interpreter = probe_interpreters_for_module(list(INTERPRETERS), "boto3")
            if interpreter:
                respawn_module(interpreter)

    def _explain(self, exc: Exception) -> MediastoreError:
        return explain(exc, "finish this task", self.connection) if is_boto(exc) else super()._explain(exc)


def _place(exc: BaseException) -> str:
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "an unknown place"
