# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How a module reaches a store: what the user said, and nothing else."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from .._core.errors import BadInput


def without_userinfo(url: str) -> str:
    """The URL as it may be shown: user and password are dropped."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@dataclass(frozen=True)
class Connection:
    """One way to one store. An absent key, region or endpoint is left to boto's own chain or to the provider's profile."""

    provider: str
    #: where the store differs from its provider's profile
    capabilities: t.Mapping[str, t.Any] | None = None
    #: which of the store's interfaces is spoken: ``s3``, or ``native``, where the profile has one
    api: str = "s3"
    endpoint_url: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    profile: str | None = None
    addressing_style: str | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    #: the store's own administration interface, for what is no part of S3
    admin_url: str | None = None
    admin_token: str | None = field(default=None, repr=False)
    connect_timeout: int = 10
    read_timeout: int = 60
    max_attempts: int = 5

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Connection:
        """The connection that module options describe; refuses what cannot be meant."""
        said: dict[str, t.Any] = {f.name: params.get(f.name) for f in dataclasses.fields(cls)}
        # An empty string is what a template leaves behind when a variable is not set: not said.
        said = {name: value for name, value in said.items() if value not in (None, "")}
        said.setdefault("provider", "generic" if "endpoint_url" in said else "aws")
        connection = cls(**said)
        connection._check()
        return connection

    @property
    def where(self) -> str:
        """The endpoint in a word, for messages."""
        return without_userinfo(self.endpoint_url) if self.endpoint_url else self.provider

    @property
    def proxy_password(self) -> str | None:
        """The one secret that may hide inside a URL."""
        return urlsplit(self.proxy_url).password if self.proxy_url else None

    def describe(self) -> str:
        """Where and as whom, without secrets: for messages, journals and reports."""
        region = f", region {self.region}" if self.region else ""
        return f"{self.where} (provider {self.provider}{region})"

    def _check(self) -> None:
        if self.endpoint_url:
            _check_url("endpoint_url", self.endpoint_url)
            if "@" in urlsplit(self.endpoint_url).netloc:
                raise BadInput(
                    "use this endpoint",
                    said="endpoint_url holds a user name",
                    remedy="Use access_key and secret_key for the keys.",
                )
        if self.proxy_url:
            _check_url("proxy_url", self.proxy_url)
        if self.admin_url:
            _check_url("admin_url", self.admin_url)
        if bool(self.access_key) != bool(self.secret_key):
            lone, other = ("access_key", "secret_key") if self.access_key else ("secret_key", "access_key")
            raise BadInput(
                "sign requests", said=f"{lone} is set and {other} is empty", remedy="Set both, or none to use boto's own chain."
            )
        if self.ca_path and not os.path.exists(self.ca_path):
            raise BadInput(
                "trust the store's certificate",
                said=f"the CA file {self.ca_path} does not exist on this host",
                remedy="Copy the CA certificate there first, or correct ca_path.",
            )
        for name in ("connect_timeout", "read_timeout", "max_attempts"):
            if getattr(self, name) < 1:
                raise BadInput("connect to the store", said=f"{name} is {getattr(self, name)}", remedy="Use 1 or more.")


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and not parts.query
    except ValueError:  # a port that is not a number
        usable = False
    if not usable:
        raise BadInput(
            "connect to the store",
            said=f"{name} is {without_userinfo(url)!r}, which is not the URL of a server",
            remedy="Write it as https://host or https://host:port.",
        )
