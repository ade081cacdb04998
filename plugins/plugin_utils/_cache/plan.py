# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""From the entries of mediastore_caches to what the role's templates write, or to what stands in the way."""

from __future__ import annotations

import posixpath
import re
import typing as t
from urllib.parse import urlsplit

from .origin import Origin, origin_of
from .resolver import Nameserver, arguments, nameservers, parsed
from .units import bytes_of, is_time, zone_size

MODES = ("internal", "public", "signed")
ETC = "/etc/nginx"
#: beside the other files that nginx itself writes: Debian makes it, and SELinux's policy has it for nginx to write
CACHES = "/var/lib/nginx/mediastore"
CONFIGURATION = f"{ETC}/conf.d/mediastore-"
#: what changes the answer to a presigned URL; all else in it is the signature, and another one each time
CHANGES_THE_ANSWER = (
    "versionId",
    "partNumber",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
)
CSP = {
    # an upload is on the application's own host here, so nothing in it may run
    "internal": "default-src 'none'; img-src 'self'; media-src 'self'; object-src 'self'; style-src 'self' 'unsafe-inline'",
    "public": "default-src 'none'; form-action 'none'",
    "signed": "default-src 'none'; form-action 'none'",
}
SIZES = {"s3_memory_cache_size": "1M", "s3_disk_cache_size": "200M", "slice_size": "5M"}
TIMES = {"s3_cache_inactive_time": "30d", "connect_timeout": "5s", "read_timeout": "20s"}
VALID = {"internal": "1y", "public": "48h", "signed": "48h"}
NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
#: what would end a string of nginx's, or is a variable in it
IN_STRING = re.compile(r"[\"$\\\x00-\x1f]")
#: the same of a word
IN_WORD = re.compile(r"[\"'$;{}\\\x00-\x1f]")
STRINGS, WORDS = ("csp", "cors_origin", "cache_control"), ("redirect_from", "certificate", "certificate_key", "listen")


class Host(t.NamedTuple):
    """What was learned of the host before anything is planned."""

    resolv_conf: str
    #: addresses that are used instead of those in resolv.conf
    nameservers: t.Sequence[str]
    #: how long nginx believes what a DNS server said
    resolver_valid: str
    #: whether it reaches anything by IPv6
    ipv6: bool
    #: where certificates that everybody trusts are
    ca_path: str


def plan(
    entries: t.Sequence[t.Mapping[str, t.Any]],
    store: t.Mapping[str, t.Any],
    providers: t.Mapping[str, t.Mapping[str, t.Any]],
    host: Host,
) -> dict[str, t.Any]:
    """Everything that the role does, or the problems for which it does nothing."""
    servers, problems = dns_servers(host)
    problems += clashes(entries)
    wanted, unwanted = [], []
    for entry in entries:
        said = f"Cache {entry['name']}: "
        if entry.get("state", "present") == "absent":
            found = refusals_of_paths(entry)
            unwanted.append(removed(entry))
        else:
            connection = {**store, **(entry.get("store") or {})}
            known = providers.get(entry["name"], {})
            found = refusals(entry, connection, known)
            if not found:
                wanted.append(planned(entry, connection, known, host, servers))
        problems += [said + one for one in found]
    return {
        "problems": problems,
        "present": [] if problems else wanted,
        "absent": [] if problems else unwanted,
        "nameservers": [server.argument for server in servers],
        "stub": any(server.stub for server in servers),
    }


def dns_servers(host: Host) -> tuple[list[Nameserver], list[str]]:
    """Those that nginx is told, and what is wrong with them."""
    problems = []
    if not is_time(host.resolver_valid):
        problems.append(f"mediastore_cache_resolver_valid is {host.resolver_valid!r}; write a time with its unit, such as 300s.")
    if host.nameservers:
        servers = [parsed(str(text)) for text in host.nameservers]
        wrong = [str(text) for text, server in zip(host.nameservers, servers) if server is None]
        if wrong:
            problems.append(
                f"mediastore_cache_nameservers has {', '.join(wrong)}; write addresses, as 192.0.2.53 or [2001:db8::53]:5353."
            )
        return [server for server in servers if server is not None], problems
    found = nameservers(host.resolv_conf)[:1]
    if not found:
        problems.append(
            "/etc/resolv.conf names no DNS server that nginx could ask. Write the addresses into mediastore_cache_nameservers."
        )
    return found, problems


def clashes(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """What is wrong with the entries as a whole."""
    found = []
    for what, values in (
        ("name", [entry["name"] for entry in entries]),
        ("cache_path", [cache_path(entry) for entry in entries]),
        ("include", [include_of(entry) for entry in entries if include_of(entry)]),
    ):
        found += [
            f"mediastore_caches: two have the {what} {value}. Give each its own."
            for value in sorted(set(values))
            if values.count(value) > 1
        ]
    return found


def mode_of(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("mode") or "")


def cache_path(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("cache_path") or f"{CACHES}/{entry['name']}")


def include_of(entry: t.Mapping[str, t.Any]) -> str:
    """The file for a server block that somebody else has written, or nothing."""
    needed = mode_of(entry) == "internal" or entry.get("redirect_from")
    return str(entry.get("include") or (f"{ETC}/mediastore/{entry['name']}.conf" if needed else ""))


def refusals_of_paths(entry: t.Mapping[str, t.Any]) -> list[str]:
    """What is wrong with the name and the paths, of which some are removed in the end."""
    cache, include = cache_path(entry), include_of(entry)
    checks = [
        (NAME.fullmatch(entry["name"]), "its name becomes part of nginx's names, so it may only have a-z, 0-9 and -."),
        (
            PATH.fullmatch(cache) and cache == posixpath.normpath(cache) and cache.count("/") >= 3,
            f"cache_path {cache} must be a folder for this cache alone, such as {CACHES}/{entry['name']}: it is removed with it.",
        ),
        (
            not include or (PATH.fullmatch(include) and include == posixpath.normpath(include) and include.startswith(f"{ETC}/")),
            f"include {include} must be a file below {ETC}, where nginx looks for it.",
        ),
    ]
    return [said for is_right, said in checks if not is_right]


def refusals(entry: t.Mapping[str, t.Any], connection: t.Mapping[str, t.Any], known: t.Mapping[str, t.Any]) -> list[str]:
    """What is wrong with an entry by itself."""
    mode = mode_of(entry)
    if mode not in MODES:
        return [f"mode must be one of {', '.join(MODES)}, and is {mode or 'missing'}."]
    found = refusals_of_paths(entry) + refusals_of_units(entry)
    bucket, origin = str(entry.get("bucket") or ""), str(entry.get("origin") or "")
    checks: list[tuple[object, str]] = [
        (BUCKET.fullmatch(bucket), "bucket is missing." if not bucket else f"bucket {bucket} is no name of a bucket."),
        (PATH.fullmatch("/" + str(entry.get("prefix") or "")), "prefix may only have letters, digits and ._~/-."),
        (not origin or mode != "signed", "origin is not for the mode signed, which asks the S3 interface of mediastore_store."),
        (
            not connection.get("proxy_url"),
            "proxy_url is set, and nginx reaches a store only directly. Leave it out in the store of this cache.",
        ),
        (origin or known.get("endpoint") or known.get("region"), "the endpoint is not known. Say region in mediastore_store."),
        (
            not origin or (urlsplit(origin).scheme in ("http", "https") and HOST.fullmatch(urlsplit(origin).hostname or "")),
            f"origin {origin} must be the URL of the bucket, such as https://media.web.example.org.",
        ),
        (bool(entry.get("certificate")) == bool(entry.get("certificate_key")), "certificate and certificate_key go together."),
    ]
    if mode == "internal":
        checks.append(
            (PATH.fullmatch(location_of(entry)), f"location {location_of(entry)} must be a path, such as /internal/s3.")
        )
        checks.append(
            (not entry.get("server_name"), "server_name is for the modes public and signed; internal has the application's.")
        )
    else:
        checks += [
            (entry.get("server_name"), "server_name is missing: the host name of the media."),
            (
                entry.get("certificate") or entry.get("listen"),
                "say certificate and certificate_key; or, behind another proxy, listen, such as 127.0.0.1:8080.",
            ),
        ]
    if mode == "signed":
        checks.append((connection.get("access_key") and connection.get("secret_key"), NEEDS_KEYS))
    for special, keys in ((IN_STRING, STRINGS), (IN_WORD, WORDS)):
        said = [(key, value) for key in keys for value in as_list(entry.get(key))]
        checks += [
            (not special.search(value), f"{key} {value} has a character that means something to nginx.") for key, value in said
        ]
    for name in as_list(entry.get("server_name")):
        checks.append((HOST.fullmatch(name), f"server_name {name} must be a host name."))
    return found + [said for is_right, said in checks if not is_right]


NEEDS_KEYS = (
    "the mode signed needs access_key and secret_key in mediastore_store (or in its own store), of a key that may only read."
)


def refusals_of_units(entry: t.Mapping[str, t.Any]) -> list[str]:
    """Sizes and times that are none."""
    found = []
    for name, usual in SIZES.items():
        size = bytes_of(entry.get(name) or usual)
        if size is None:
            found.append(f"{name} is {entry[name]!r}; write a size with its unit (K, M or G), such as {usual}.")
        elif name == "s3_memory_cache_size" and size < 64 * 1024:
            found.append(f"{name} is {entry[name]}; nginx needs 64K at least.")
    for name, usual in {**TIMES, "valid": VALID[mode_of(entry)]}.items():
        if not is_time(entry.get(name) or usual):
            found.append(f"{name} is {entry[name]!r}; write a time with its unit (s, m, h, d, w, M or y), such as {usual}.")
    return found


def as_list(value: t.Any) -> list[str]:
    """One or several words, as users write them."""
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)] if value else []


def location_of(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("location") or "/internal/s3").rstrip("/") or "/"


def planned(
    entry: t.Mapping[str, t.Any],
    connection: t.Mapping[str, t.Any],
    known: t.Mapping[str, t.Any],
    host: Host,
    servers: t.Sequence[Nameserver],
) -> dict[str, t.Any]:
    """What the templates need, with nothing left to decide."""
    mode, origin = mode_of(entry), origin_of(entry, known)
    ident = "mediastore_" + entry["name"].replace("-", "_")
    # An upstream block is resolved when nginx reads it and never again, but only there connections are kept.
    pinned = origin.literal or entry.get("follow_dns") is False
    names = {name: str(entry.get(name) or usual) for name, usual in {**TIMES, "valid": VALID[mode]}.items()}
    return {
        "name": entry["name"],
        "ident": ident,
        "mode": mode,
        "bucket": entry["bucket"],
        "prefix": str(entry.get("prefix") or ""),
        "cache_path": cache_path(entry),
        "memory": zone_size(entry.get("s3_memory_cache_size") or SIZES["s3_memory_cache_size"]),
        "disk": str(entry.get("s3_disk_cache_size") or SIZES["s3_disk_cache_size"]),
        "slice": zone_size(entry.get("slice_size") or SIZES["slice_size"]),
        **names,
        "origin": {
            "scheme": origin.scheme,
            "host": origin.host,
            "port": origin.port,
            "place": origin.place,
            "header": origin.header,
            "base": origin.base,
            "pinned": pinned,
            "literal": origin.literal,
        },
        "validate_certs": connection.get("validate_certs", True) is not False,
        "ca_path": connection.get("ca_path") or host.ca_path,
        "resolver": arguments(servers, host.resolver_valid, host.ipv6),
        "server_names": " ".join(as_list(entry.get("server_name"))),
        "listen": listens(entry, host),
        "certificate": entry.get("certificate") or "",
        "certificate_key": entry.get("certificate_key") or "",
        "proof_url": proof_url(entry),
        "csp": entry.get("csp") or CSP[mode],
        "cors_origin": entry.get("cors_origin") or "*",
        "cache_control": entry.get("cache_control") or "public, max-age=31536000, immutable",
        "location": location_of(entry),
        "path_pattern": path_pattern(entry, origin, f"{ident}_key"),
        "key_parts": [{"variable": f"{ident}_{n}", "name": name} for n, name in enumerate(CHANGES_THE_ANSWER)],
        # measured: Garage 2.3.0 forgets response-content-disposition and the like when it is asked for a part
        "whole_overrides": mode == "internal" and connection.get("provider") == "garage",
        "redirect_from": entry.get("redirect_from") or "",
        "redirect_to": "https://" + (as_list(entry.get("server_name")) or [""])[0],
        "signer": signer(connection, known, origin) if mode == "signed" else {},
        "files": files_of(entry),
        # of another mode that it had before; one of them may hold a key
        "leftovers": sorted(set(usual_files(entry)) - {file["path"] for file in files_of(entry)}),
    }


def listens(entry: t.Mapping[str, t.Any], host: Host) -> list[str]:
    """What follows each word `listen`."""
    usual = ["443", "[::]:443"] if host.ipv6 else ["443"]
    ssl = " ssl" if entry.get("certificate") else ""
    return [one + ssl for one in (as_list(entry.get("listen")) or usual)]


def proof_url(entry: t.Mapping[str, t.Any]) -> str:
    """Where the host itself reaches what the entry serves."""
    if mode_of(entry) == "internal":
        return ""
    place = (as_list(entry.get("listen")) or ["443"])[0]
    place = f"127.0.0.1:{place}" if place.isdigit() else place.replace("*:", "127.0.0.1:").replace("0.0.0.0:", "127.0.0.1:")
    place = place.replace("[::]:", "[::1]:")
    return f"{'https' if entry.get('certificate') else 'http'}://{place}"


def path_pattern(entry: t.Mapping[str, t.Any], origin: Origin, group: str) -> str:
    """What the application's redirect must look like: the presigned URL of an object in this bucket, and of no other."""
    location = location_of(entry).rstrip("/")
    return f"^{re.escape(f'{location}/{origin.bracketed}')}(?::{origin.port})?(?<{group}>{re.escape(origin.base)}/.+)$"


def signer(connection: t.Mapping[str, t.Any], known: t.Mapping[str, t.Any], origin: Origin) -> dict[str, str]:
    """What a signature is made of."""
    return {
        "region": known.get("region") or "us-east-1",
        "host": origin.header,
        "base": origin.base,
        "access_key": connection["access_key"],
        "secret_key": connection["secret_key"],
        "session_token": connection.get("session_token") or "",
    }


def files_of(entry: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """The files of an entry, and the template of each."""
    found = [{"path": f"{CONFIGURATION}{entry['name']}.conf", "template": "http.conf.j2", "secret": False}]
    if mode_of(entry) == "signed":
        found.append({"path": f"{ETC}/mediastore/{entry['name']}.js", "template": "signer.js.j2", "secret": True})
    if include_of(entry):
        found.append({"path": include_of(entry), "template": "include.conf.j2", "secret": False})
    return found


def usual_files(entry: t.Mapping[str, t.Any]) -> list[str]:
    """Where the files of an entry are if nobody says otherwise, whatever its mode is."""
    name = entry["name"]
    return [f"{CONFIGURATION}{name}.conf", f"{ETC}/mediastore/{name}.js", f"{ETC}/mediastore/{name}.conf"]


def removed(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What there may be of an entry, whatever its mode was."""
    usual, include = usual_files(entry), include_of(entry)
    return {
        "name": entry["name"],
        "cache_path": cache_path(entry),
        "files": [*usual, *([include] if include and include not in usual else [])],
    }
