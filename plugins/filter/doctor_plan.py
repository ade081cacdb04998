# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the role doctor."""

from __future__ import annotations

DOCUMENTATION = r"""
name: doctor_plan
short_description: What there is to examine on a host, from its host_vars
version_added: 0.2.0
description:
  - Takes from the variables of the other roles what M(mediastore.s3.doctor) looks at, and leaves out all else, such as keys.
    It is made for the role P(mediastore.s3.doctor#role).
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input
options:
  _input:
    description: The buckets, as in C(mediastore_buckets).
    type: list
    elements: dict
    required: true
  known:
    description: What is known of buckets besides, as in C(doctor_buckets).
    type: list
    elements: dict
    default: []
  mounts:
    description: The mounts, as in C(mediastore_mounts).
    type: list
    elements: dict
    default: []
  caches:
    description: The caches, as in C(mediastore_caches).
    type: list
    elements: dict
    default: []
  bucket:
    description: The bucket of the migration.
    type: str
    default: ""
  nameservers:
    description: The DNS servers that nginx asks.
    type: list
    elements: str
    default: []
  resolv_conf:
    description: The host's C(/etc/resolv.conf), whose first DNS server nginx asks otherwise.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: See what the doctor would look at
  ansible.builtin.debug:
    msg: "{{ mediastore_buckets | mediastore.s3.doctor_plan(mounts=mediastore_mounts) }}"
"""

RETURN = r"""
_value:
  description: The options C(buckets), C(mounts), C(directories) and C(nameservers) of the module.
  type: dict
"""

import typing as t

Entry = t.Dict[str, t.Any]
#: where the roles keep caches if they are not told
MOUNT_CACHE = "/var/lib/mediastore/mounts"
NGINX_CACHE = "/var/lib/nginx/mediastore"


def doctor_plan(
    buckets: list[Entry],
    known: t.Sequence[Entry] = (),
    mounts: t.Sequence[Entry] = (),
    caches: t.Sequence[Entry] = (),
    bucket: str = "",
    nameservers: t.Sequence[str] = (),
    resolv_conf: str = "",
) -> dict[str, t.Any]:
    """What there is to examine."""
    mounts, caches = _present(mounts), _present(caches)
    wards = {entry["name"]: _ward(entry, caches) for entry in _present(buckets)}
    for entry in [*([{"name": bucket}] if bucket else []), *known]:
        usual = wards.get(entry["name"], _ward(entry, caches))
        wards[entry["name"]] = {**usual, **{name: value for name, value in entry.items() if value not in (None, "")}}
    asked = any(cache.get("follow_dns", True) for cache in caches)
    return {
        "buckets": list(wards.values()),
        "mounts": [{"name": one["name"], "path": one["path"], "owner": one.get("owner") or ""} for one in mounts],
        "directories": [{"path": path} for path in _caches_of(mounts, caches)],
        "nameservers": list(nameservers or _first(resolv_conf)) if asked else [],
    }


def _present(entries: t.Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.get("state", "present") == "present"]


def _ward(entry: Entry, caches: t.Iterable[Entry]) -> Entry:
    expect = entry.get("expect") or entry.get("preset") or "any"
    ward = {"name": entry["name"], "expect": expect, "public_url": entry.get("public_url") or ""}
    # A rule is meant if it is named here.
    ward["lifecycle"] = [dict(rule) for rule in entry.get("lifecycle") or []]
    for cache in caches:
        if cache.get("mode") == "public" and cache.get("bucket") == entry["name"] and not cache.get("prefix"):
            scheme = "https" if cache.get("certificate") else "http"
            ward["public_url"] = ward["public_url"] or f"{scheme}://{next(iter(cache['server_name']))}"
    return ward


def _caches_of(mounts: t.Iterable[Entry], caches: t.Iterable[Entry]) -> list[str]:
    paths = []
    for mount in mounts:
        path = (mount.get("cache") or {}).get("path")
        if path or mount.get("backend") == "rclone":
            paths.append(path or f"{MOUNT_CACHE}/{mount['name']}")
    return paths + [cache.get("cache_path") or f"{NGINX_CACHE}/{cache['name']}" for cache in caches]


def _first(resolv_conf: str) -> list[str]:
    """The first DNS server, as nginx writes it."""
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            return [f"[{words[1]}]" if ":" in words[1] else words[1]]
    return []


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"doctor_plan": doctor_plan}
