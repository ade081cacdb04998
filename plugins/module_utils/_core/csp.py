# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Whether a page's content security policy lets a browser show a medium, judged as the standard has it (CSP 3, 6.7.2)."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import SplitResult, urlsplit

#: kind of a media type -> the directive for it; without one the fallback holds
DIRECTIVES = {"image": "img-src", "audio": "media-src", "video": "media-src"}
FALLBACK = "default-src"
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
HOST = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[\w.-]+|\[[0-9a-f:]+\])(?::(?P<port>\*|\d+))?(?P<path>/.*)?"
)
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")


def policies(header: str) -> list[dict[str, list[str]]]:
    """Each policy of a header, as its directives; a comma separates two policies, and all of them hold."""
    found = []
    for policy in header.split(","):
        directives: dict[str, list[str]] = {}
        for part in policy.split(";"):
            name, *sources = part.split() or [""]
            # of two with one name browsers take the first
            if name and name.lower() not in directives:
                directives[name.lower()] = sources
        if directives:
            found.append(directives)
    return found


def blocking(header: str, kind: str, url: str, page: str) -> str | None:
    """The directive that keeps a browser from showing a medium of this kind (``image``) on the page, or nothing."""
    wanted = DIRECTIVES.get(kind, FALLBACK)
    for directives in policies(header):
        name = wanted if wanted in directives else FALLBACK
        sources = directives.get(name)
        if sources is not None and not any(_matches(source, urlsplit(url), urlsplit(page)) for source in sources):
            return " ".join([name, *sources])
    return None


def _matches(source: str, url: SplitResult, page: SplitResult) -> bool:
    if source.lower() == "'self'":
        return url.hostname == page.hostname and _same_or_safer(page.scheme, url.scheme) and _port_of(page, url) == _port(url)
    if source == "*":
        return url.scheme in PORTS
    scheme = SCHEME.fullmatch(source.lower())
    if scheme:
        return _same_or_safer(scheme.group(1), url.scheme)
    host = HOST.fullmatch(source)
    return bool(host) and _matches_host(t.cast("re.Match[str]", host), url, page)


def _matches_host(source: re.Match[str], url: SplitResult, page: SplitResult) -> bool:
    return (
        _same_or_safer((source["scheme"] or page.scheme).lower(), url.scheme)
        and _is_host(source["host"].lower(), url.hostname or "")
        and _is_port(source["port"], url)
        and _is_path(source["path"] or "", url.path)
    )


def _same_or_safer(said: str, scheme: str) -> bool:
    return scheme == said or (said, scheme) in (("http", "https"), ("ws", "wss"))


def _is_host(said: str, host: str) -> bool:
    if said == "*":
        return True
    return host.endswith(said[1:]) if said.startswith("*.") else host == said.strip("[]")


def _is_port(said: str | None, url: SplitResult) -> bool:
    return said == "*" or _port(url) == (int(said) if said else PORTS.get(url.scheme))


def _is_path(said: str, path: str) -> bool:
    return path.startswith(said) if said.endswith("/") or not said else path == said


def _port(url: SplitResult) -> int | None:
    return url.port or PORTS.get(url.scheme)


def _port_of(page: SplitResult, url: SplitResult) -> int | None:
    # the same page over TLS has the other default port
    return PORTS.get(url.scheme) if page.port is None else page.port
