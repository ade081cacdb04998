# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Where the media come from: the store's address and how it writes buckets, or another address that somebody gives."""

from __future__ import annotations

import ipaddress
import typing as t
from urllib.parse import urlsplit


class Origin(t.NamedTuple):
    """Where the media come from."""

    scheme: str
    host: str
    port: int
    #: what is before an object's key, without a slash at its end
    base: str

    @property
    def literal(self) -> bool:
        """Whether the host is an address, for which no DNS server is needed."""
        try:
            return bool(ipaddress.ip_address(self.host))
        except ValueError:
            return False

    @property
    def bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def place(self) -> str:
        return f"{self.bracketed}:{self.port}"

    @property
    def header(self) -> str:
        """The header Host, which is signed too: with the port only where it is not the usual one."""
        usual = self.port == (443 if self.scheme == "https" else 80)
        return self.bracketed if usual else self.place


def origin_of(entry: t.Mapping[str, t.Any], known: t.Mapping[str, t.Any]) -> Origin:
    """Where the media of an entry come from, by the store's address and how it writes buckets."""
    prefix = str(entry.get("prefix") or "").strip("/")
    base = f"/{prefix}" if prefix else ""
    if entry.get("origin"):
        url = urlsplit(entry["origin"])
        return origin_at(url.scheme, url.hostname or "", url.port, url.path.rstrip("/") + base)
    region, bucket = known.get("region") or "us-east-1", entry["bucket"]
    amazon = f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    url = urlsplit(known.get("endpoint") or amazon)
    style = known.get("addressing_style") or "auto"
    host = url.hostname or ""
    # a certificate for *.host does not cover a name with a dot in it
    if style == "virtual" or (style == "auto" and "." not in bucket):
        return origin_at(url.scheme, f"{bucket}.{host}", url.port, url.path.rstrip("/") + base)
    return origin_at(url.scheme, host, url.port, f"{url.path.rstrip('/')}/{bucket}{base}")


def origin_at(scheme: str, host: str, port: int | None, base: str) -> Origin:
    return Origin(scheme, host, port or (443 if scheme == "https" else 80), base)
