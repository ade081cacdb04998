# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""From the entries of mediastore_mounts to what the role writes, or to what stands in the way."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
import typing as t

from . import geesefs, goofys, rclone, s3fs
from .backend import Backend, Mount

BACKENDS: dict[str, Backend] = {
    "geesefs": geesefs.BACKEND,
    "goofys": goofys.BACKEND,
    "rclone": rclone.BACKEND,
    "s3fs": s3fs.BACKEND,
}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MODE = re.compile(r"0?[0-7]{3}")
#: where the role puts a program that it was told to fetch
PROGRAMS = "/opt/mediastore/bin"


NEEDS_CHECKSUM = "needs binary.checksum, since a program that sees all media must be the one that was meant."
NEEDS_KEYS = (
    "a mount needs access_key and secret_key in mediastore_store (or in its own store), since it can neither use a profile nor "
    "ask the host."
)


class Surroundings(t.NamedTuple):
    """What was learned of the host and the stores before anything is planned."""

    #: what provider_info said of the store of each mount, by name
    providers: t.Mapping[str, t.Mapping[str, t.Any]]
    #: user name -> numeric id
    users: t.Mapping[str, str]
    groups: t.Mapping[str, str]


def plan(entries: t.Sequence[t.Mapping[str, t.Any]], store: t.Mapping[str, t.Any], around: Surroundings) -> dict[str, t.Any]:
    """Everything that the role does, or the problems for which it does nothing."""
    problems = clashes(entries)
    wanted, unwanted = [], []
    for entry in entries:
        said = f"Mount {entry['name']}: "
        if entry.get("state", "present") == "absent":
            unwanted.append(
                {"name": entry["name"], "path": entry["path"], **owner_of(entry, around), "dir_mode": mode(entry, "dir_mode")}
            )
            continue
        connection = {**store, **(entry.get("store") or {})}
        found = refusals(entry, connection, around)
        if not found:
            mount = settled(entry, connection, around)
            backend = BACKENDS[entry["backend"]]
            found = beyond(backend, mount) + contrary(entry, backend) + backend.problems(mount)
            wanted.append(planned(entry, backend, mount, connection))
        problems += [said + one for one in found]
    return {"problems": problems, "present": [] if problems else wanted, "absent": [] if problems else unwanted}


def clashes(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """What is wrong with the entries as a whole."""
    names = [entry["name"] for entry in entries]
    found = [f"Mount {name}: there are two of that name. Rename one." for name in sorted(set(names)) if names.count(name) > 1]
    paths = sorted((posixpath.normpath(entry["path"]) + "/", entry["name"]) for entry in entries)
    for (outer, first), (inner, second) in zip(paths, paths[1:]):
        if inner.startswith(outer):
            how = "have the same path" if inner == outer else f"are inside each other ({outer[:-1]}, {inner[:-1]})"
            found.append(f"Mounts {first} and {second} {how}. Give each a path of its own.")
    return found


def refusals(entry: t.Mapping[str, t.Any], connection: t.Mapping[str, t.Any], around: Surroundings) -> list[str]:
    """What is wrong with an entry by itself."""
    path, binary, known = entry["path"], entry.get("binary") or {}, around.providers.get(entry["name"], {})
    proper = path.startswith("/") and path == posixpath.normpath(path) and path.strip("/")
    checks: list[tuple[object, str]] = [
        (NAME.fullmatch(entry["name"]), "its name becomes part of a unit's, so it may only have a-z, 0-9 and -."),
        (proper, f"path {path} must be absolute, without .. or a slash at its end, and not the root."),
        (entry.get("backend") in BACKENDS, f"backend must be one of {', '.join(BACKENDS)}."),
        (entry.get("bucket"), "bucket is missing."),
        (right_key(entry.get("sse_c_key")), "sse_c_key must be 32 bytes in base64: head -c 32 /dev/urandom | base64"),
        (binary.get("checksum") or not binary.get("url"), f"binary.url {NEEDS_CHECKSUM}"),
        (connection.get("access_key") and connection.get("secret_key"), NEEDS_KEYS),
        (owner(entry) in around.users, f"user {owner(entry)} does not exist on the host."),
        (group(entry) in around.groups, f"group {group(entry)} does not exist on the host."),
        (known.get("region"), "the region is not known. Say region in mediastore_store."),
    ]
    for name in MODES:
        checks.append((MODE.fullmatch(mode(entry, name)), f"{name} {mode(entry, name)} must be an octal mode such as 0750."))
    for unit in entry.get("services") or []:
        checks.append(("." in unit, f"{unit} must be a unit's whole name, such as nginx.service."))
    return [said for is_right, said in checks if not is_right]


MODES = {"dir_mode": "0750", "file_mode": "0640"}


def mode(entry: t.Mapping[str, t.Any], name: str) -> str:
    return str(entry.get(name) or MODES[name])


def owner(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("owner") or "root")


def group(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("group") or owner(entry))


def owner_of(entry: t.Mapping[str, t.Any], around: Surroundings) -> dict[str, str]:
    return {"owner": around.users.get(owner(entry), "0"), "group": around.groups.get(group(entry), "0")}


def right_key(text: str | None) -> bool:
    """Whether it is a key for SSE-C, or none."""
    try:
        return not text or len(base64.b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def settled(entry: t.Mapping[str, t.Any], connection: t.Mapping[str, t.Any], around: Surroundings) -> Mount:
    """The entry with nothing left open: a backend that has to guess guesses wrong."""
    known, cache = around.providers[entry["name"]], entry.get("cache") or {}
    region = known["region"]
    amazon = f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    style = known.get("addressing_style") or "auto"
    return Mount(
        name=entry["name"],
        bucket=entry["bucket"],
        prefix=(entry.get("prefix") or "").strip("/"),
        path=entry["path"],
        uid=around.users[owner(entry)],
        gid=around.groups[group(entry)],
        dir_mode=f"{int(mode(entry, 'dir_mode'), 8):04o}",
        file_mode=f"{int(mode(entry, 'file_mode'), 8):04o}",
        endpoint=(known.get("endpoint") or amazon).rstrip("/"),
        region=region,
        # a certificate for *.host does not cover a name with a dot in it
        virtual=style == "virtual" or (style == "auto" and "." not in entry["bucket"]),
        storage_class=entry.get("storage_class") or "",
        sse_c_key=entry.get("sse_c_key") or "",
        cache_path=cache.get("path") or "",
        cache_max_size=str(cache.get("max_size") or ""),
        validate_certs=connection.get("validate_certs", True) is not False,
        **{name: connection.get(name) or "" for name in ("access_key", "secret_key", "session_token", "ca_path", "proxy_url")},
        provider=connection.get("provider") or "aws",
    )


def beyond(backend: Backend, mount: Mount) -> list[str]:
    """What is asked for that the backend cannot do."""
    usual = Mount.__dataclass_fields__
    return [f"{name}: {why}" for name, why in backend.lacks.items() if getattr(mount, name) != usual[name].default]


def contrary(entry: t.Mapping[str, t.Any], backend: Backend) -> list[str]:
    """The options that work against the role."""
    given = {str(word).partition("=")[0] for word in entry.get("options") or []}
    return [f"option {name}: {why}" for name, why in backend.refuses.items() if name in given]


def planned(entry: t.Mapping[str, t.Any], backend: Backend, mount: Mount, connection: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the role writes for a mount."""
    binary = entry.get("binary") or {}
    fetched = f"{PROGRAMS}/{mount.name}-{backend.program}" if binary.get("url") or binary.get("src") else ""
    environment = dict(backend.environment(mount))
    if mount.ca_path and backend.ca_variable:
        environment[backend.ca_variable] = mount.ca_path
    if mount.proxy_url:
        environment.update({name: mount.proxy_url for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")})
    files = dict(backend.files(mount))
    files["environment"] = "".join(f"{name}={quoted(value, variables=False)}\n" for name, value in sorted(environment.items()))
    return {
        "name": mount.name,
        "unit": f"mediastore-mount-{mount.name}.service",
        "bucket": mount.bucket,
        "prefix": f"{mount.prefix}/" if mount.prefix else "",
        "path": mount.path,
        "backend": entry["backend"],
        "program": binary.get("path") or fetched,
        "look_for": binary.get("path") or backend.program,
        "binary": {**binary, "name": backend.program, "dest": fetched},
        "packages": dict(backend.packages),
        "home": backend.home,
        "needs": dict(backend.needs),
        "notifies": backend.notifies,
        "arguments": " ".join(quoted(word) for word in arranged(entry, backend, mount)),
        "source": backend.source(mount),
        "pending": backend.pending(mount),
        "cache": mount.cache_path,
        "files": files,
        "services": list(entry.get("services") or []),
        "storage_class": mount.storage_class,
        "sse_c_key": mount.sse_c_key,
        "store": dict(connection),
        "owner": mount.uid,
        "group": mount.gid,
        "dir_mode": mount.dir_mode,
    }


def arranged(entry: t.Mapping[str, t.Any], backend: Backend, mount: Mount) -> list[str]:
    """The command line, with the user's own options where they win."""
    extra = [str(word) for word in entry.get("options") or []]
    found = backend.arguments(mount)
    places = [mount.place(":"), mount.path]
    return [*found, *extra] if mount.path in found else [*found, *extra, *places]


def quoted(word: str, variables: bool = True) -> str:
    """A word as systemd reads it; % and $ mean something on a command line, and nothing in a file of the environment."""
    word = word.replace("\\", "\\\\").replace('"', '\\"')
    word = word.replace("%", "%%").replace("$", "$$") if variables else word
    return f'"{word}"' if re.search(r"[^A-Za-z0-9_@%+=:,./$-]", word) or not word else word
