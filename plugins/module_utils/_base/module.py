# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The module as our modules see it: options and a store.

What only buckets or keys need (a store's own interface, the keyrings) is apart, in bucketmodule.py and keyringmodule.py: all that
a module imports is packed, sent and compiled each time it runs.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module

from .._core.errors import BadInput, LibraryMissing, MediastoreError
from .._store import client as clients
from .._store.connection import Connection
from .._store.faults import explain, is_boto
from .._store.profile import Profile
from .._store.registry import profile_for
from .argspec import ArgSpec
from .connectionspec import CONNECTION
from .host import HostModule

#: where a virtual environment with boto3 is looked for when the module's own Python lacks it
INTERPRETERS = ("/opt/mediastore/venv/bin/python",)


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
            self._connection = self.connection_of(self.params)
        return self._connection

    def connection_of(self, params: t.Mapping[str, t.Any]) -> Connection:
        """The connection that such options describe, completed."""
        said = Connection.from_params(params)
        if said.proxy_password:
            self.no_log_values.add(said.proxy_password)
        return profile_for(said).complete(said)

    @property
    def client(self) -> t.Any:
        """The S3 client, made when it is first needed."""
        if self._client is None:
            self._client = self.client_of(self.connection)
        return self._client

    def client_of(self, connection: Connection) -> t.Any:
        """A client for this connection."""
        try:
            return self._make_client(connection)
        except LibraryMissing as exc:
            self._respawn(exc.library)
            raise
        except Exception as exc:
            if is_boto(exc):
                raise explain(exc, "make a client", connection) from exc
            raise

    def _make_client(self, connection: Connection) -> t.Any:
        if connection.api == "native":
            raise BadInput(
                "move or read objects",
                said="api is native, and that interface of the store is spoken only by the modules that manage buckets and keys",
                remedy="Leave api out of this task, and set region or endpoint_url and an application key.",
                code="Unsupported",
            )
        return clients.make_client(connection, profile_for(connection), pool=self.pool)

    def respawn_with(self, *libraries: str) -> None:
        """Start again in the virtual environment if it has all of these; returns if it does not, or if this is it already."""
        self._respawn(*libraries)

    def _respawn(self, *libraries: str) -> None:
        # A respawned module starts again from its first line, so nothing has been done twice.
        if not has_respawned():
            found = {probe_interpreters_for_module(list(INTERPRETERS), library) for library in libraries}
            interpreter = found.pop()
            if interpreter and not found:
                respawn_module(interpreter)

    def explain(self, exc: Exception) -> MediastoreError:
        """What went wrong, for whoever ran the task."""
        return explain(exc, "finish this task", self.connection) if is_boto(exc) else super().explain(exc)
