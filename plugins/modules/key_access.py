#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove what a key may do with a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: key_access
short_description: Prove what a key may do with a bucket, or that it is dead
version_added: 0.2.0
description:
  - Tries with the key to list a bucket, to read, to write and to delete, and fails if that ends otherwise than expected.
    What an administration interface says of a key is what somebody meant. This is what the store really does.
  - Nothing that is there is touched. Reading and deleting are tried with a random name that nobody uses
    (C(mediastore-access-…)), writing by an upload in parts that is begun and given up.
  - A key that may read, write and delete also puts an object, gets it back and deletes it. In a bucket that keeps versions this
    leaves what every deleted object leaves, an old version and a delete marker.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
attributes:
  check_mode:
    support: full
    details: Without the object that is put, got and deleted.
  diff_mode:
    support: none
    details: It changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  prefix:
    description: Beginning of the keys below which everything is tried.
    type: str
    default: ""
  expect:
    description:
      - V(granted) means that the key may do what O(rights) says, and nothing else of what is tried.
      - V(dead) means that the store refuses everything. That is so of a key that was deleted or switched off.
    type: str
    choices: [granted, dead]
    default: granted
  rights:
    description: What the key may do, with O(expect=granted).
    type: list
    elements: str
    choices: [delete, list, read, write]
    default: [list, read, write, delete]
  secret_file:
    description: The file in which M(mediastore.s3.access_key) keeps the key, instead of O(access_key) and O(secret_key).
    type: dict
    suboptions:
      path:
        description: Path of the file on the host.
        type: path
        required: true
      format:
        description: Its format.
        type: str
        choices: [aws, env, json]
        default: json
      which:
        description: The key in use (V(current)), or the one before it while a rotation is under way (V(previous)).
        type: str
        choices: [current, previous]
        default: current
  timeout:
    description:
      - Seconds to go on trying if it does not end as expected, since many stores need a moment to learn of a key, or to forget
        it.
      - V(0) means to try once.
    type: int
    default: 30
seealso:
  - module: mediastore.s3.access_key
  - module: mediastore.s3.anonymous_access
"""

EXAMPLES = r"""
- name: Stop unless the key of this host can do all that an application does, and only that
  mediastore.s3.key_access:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_app_access_key }}"
    secret_key: "{{ vault_app_secret_key }}"
    name: example-zulip-uploads

- name: The key of the backup reads and does no harm
  mediastore.s3.key_access:
    provider: ceph
    endpoint_url: https://s3.example.org
    name: example-zulip-uploads
    rights: [list, read]
    secret_file:
      path: /root/backup.credentials
      format: aws

- name: The key of a colleague who has left is dead
  mediastore.s3.key_access:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_old_access_key }}"
    secret_key: "{{ vault_old_secret_key }}"
    name: example-zulip-uploads
    expect: dead
"""

RETURN = r"""
access_key:
  description: The key that was tried, or nothing if boto found one by itself.
  returned: success
  type: str
access:
  description:
    - What the key may do, V(allowed), V(refused) or V(unclear). Also returned on failure, if it came to trying.
    - Where a key may read and not list, many stores refuse to say that an object is missing. Reading is then V(unclear), which
      is not counted against it.
  returned: success
  type: dict
  sample: {list: allowed, read: allowed, write: refused, delete: refused}
round_trip:
  description: Whether an object was put, got back whole, and deleted.
  returned: success
  type: bool
"""

import typing as t
from dataclasses import replace

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._core.access import ALLOWED, REFUSED, UNCLEAR
from ..module_utils._core.bucketname import check_name
from ..module_utils._core.errors import BadInput, StoreRefused
from ..module_utils._core.keyfile import KeyFile
from ..module_utils._core.keyrecord import FORMATS
from ..module_utils._core.retry import looks
from ..module_utils._store.connection import Connection
from ..module_utils._store.keytries import TRIES, KeyTries, Tried

SECRET_FILE = {
    "path": {"type": "path", "required": True, "no_log": False},
    "format": {"type": "str", "choices": list(FORMATS), "default": "json"},
    "which": {"type": "str", "choices": ["current", "previous"], "default": "current"},
}
SPEC = ArgSpec(
    {
        "name": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "expect": {"type": "str", "choices": ["granted", "dead"], "default": "granted"},
        "rights": {"type": "list", "elements": "str", "choices": sorted(TRIES), "default": list(TRIES)},
        "secret_file": {"type": "dict", "options": SECRET_FILE, "no_log": False},
        "timeout": {"type": "int", "default": 30},
    },
    mutually_exclusive=[("secret_file", "access_key"), ("secret_file", "profile")],
)


class KeyModule(StoreModule):
    """A module that acts with the key in question."""

    @property
    def connection(self) -> Connection:
        """The connection, with the key that a file holds."""
        found, said = super().connection, self.params["secret_file"]
        if not said:
            return found
        secret = getattr(KeyFile(said["path"], said["format"]).read(), said["which"])
        if secret is None:
            raise BadInput(
                "prove what a key may do",
                said=f"{said['path']} holds no {said['which']} key",
                remedy="Correct path, format and which; mediastore.s3.access_key writes the file.",
            )
        self.no_log_values.add(secret.secret_key)
        return replace(found, access_key=secret.access_key, secret_key=secret.secret_key)


def prove(module: KeyModule) -> dict[str, t.Any]:
    """Try everything until it ends as expected, and fail if it does not."""
    params, name = module.params, module.params["name"]
    dead = params["expect"] == "dead"
    rights = () if dead else tuple(right for right in TRIES if right in params["rights"])
    tried = f"prove that the key {'is dead' if dead else 'may ' + (', '.join(rights) or 'do nothing')} in bucket {name}"
    check_name(name, tried)
    key = KeyTries(module.client, module.connection, name, params["prefix"])
    found: list[Tried] = []
    for _look in looks(params["timeout"], first_s=0.2):
        found = settled(key.once(), rights, dead)
        if not wrong(found, rights):
            break
    result = {
        "changed": False,
        "access_key": module.connection.access_key,
        "access": {one.name: one.verdict for one in found},
        "round_trip": False,
    }
    if wrong(found, rights):
        raise not_as_expected(tried, wrong(found, rights), result)
    if {"read", "write", "delete"} <= set(rights) and not module.check_mode:
        key.round_trip()
        result["round_trip"] = True
    return result


def settled(found: list[Tried], rights: tuple[str, ...], dead: bool) -> list[Tried]:
    """Who may read and not list is refused the news that an object is missing, so that proves nothing."""
    vague = not dead and "read" in rights and "list" not in rights
    return [one._replace(verdict=UNCLEAR) if vague and one.name == "read" and one.verdict == REFUSED else one for one in found]


def wrong(found: list[Tried], rights: tuple[str, ...]) -> list[Tried]:
    """What did not end as expected."""
    vague = ["read"] if "read" in rights and "list" not in rights else []
    return [
        one
        for one in found
        if one.verdict != (ALLOWED if one.name in rights else REFUSED) and not (one.name in vague and one.verdict == UNCLEAR)
    ]


def not_as_expected(tried: str, deviating: list[Tried], result: dict[str, t.Any]) -> StoreRefused:
    """The one error for all that is not as it should be; what the key may do and should not comes first."""
    words = {ALLOWED: "it may {}", REFUSED: "it may not {} ({})", UNCLEAR: "whether it may {} is unclear ({})"}
    order = list(words)
    deviating = sorted(deviating, key=lambda one: order.index(one.verdict))
    kinds = {one.verdict for one in deviating}
    remedy = "Check that bucket, prefix and endpoint_url are right, and look into the store's log."
    if ALLOWED in kinds:
        remedy = "Take the right away (mediastore.s3.access_key), and look at the policy of the bucket, which may give more."
    elif REFUSED in kinds:
        remedy = "Give the right (mediastore.s3.access_key), and look at the policy of the bucket, which may deny it."
    said = "; ".join(words[one.verdict].format(one.name, one.said) for one in deviating)
    code = "TooMuch" if ALLOWED in kinds else "TooLittle" if REFUSED in kinds else "Unclear"
    error = StoreRefused(tried, said=said, remedy=remedy, code=code)
    error.result = result
    return error


def main() -> None:
    KeyModule(SPEC).run(prove)


if __name__ == "__main__":
    main()
