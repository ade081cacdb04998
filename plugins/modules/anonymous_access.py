#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove what the public may do with a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: anonymous_access
short_description: Prove what the public may do with a bucket
version_added: 0.2.0
description:
  - Tries, without any key, to read an object, to list the bucket and to put an object, and fails if that ends otherwise than
    expected. Settings are what somebody meant. This is what the store really does, with whatever stands in front of it.
  - With the key it puts a small scratch object with a random name (C(mediastore-access-…)), which the public then tries to
    read, and removes it at the end with all that was put. In a bucket that keeps versions none is left. What a run has left that
    was killed is removed by the next one, if it is older than an hour.
  - An answer that proves nothing, such as a redirect, an error of the server or another content, is no proof. The task fails and
    says so.
  - Reading is proved for names that begin with O(prefix). A policy that opens another part of the bucket is not found out.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
attributes:
  check_mode:
    support: partial
    details: Nothing is put. Only what needs no scratch object is tried, and what is not as expected is a warning, since an
      earlier task may put it right in the real run.
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
    description: Name of the bucket, which must exist.
    type: str
    required: true
  expect:
    description:
      - V(private) means that nobody without a key may read, list or put.
      - V(public_read) means that everybody may read objects, and nobody without a key may list or put. With O(prefix), nobody
        may read objects outside of it either.
    type: str
    choices: [private, public_read]
    required: true
  prefix:
    description: Beginning of the keys that the scratch object has, and with O(expect=public_read) that everybody may read.
    type: str
    default: ""
  public_url:
    description:
      - URL under which the public reads the objects, if that is not the store's S3 interface. For example the host of a website
        on Garage, a CDN, or a proxy. The key of an object is appended to it.
      - With O(expect=private) reading is tried under both.
    type: str
  timeout:
    description:
      - Seconds to go on trying if the answers are not as expected, since policies take some stores a while to follow.
      - V(0) means to try once.
    type: int
    default: 30
seealso:
  - module: mediastore.s3.bucket
  - module: mediastore.s3.bucket_policy
  - plugin: mediastore.s3.public_read_policy
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Stop if anybody can read the uploads
  mediastore.s3.anonymous_access:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: uploads
    expect: private

- name: Everybody sees the avatars, and nobody gets a list of them
  mediastore.s3.anonymous_access:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    expect: public_read
    prefix: avatars/

- name: The same on Garage, where the public reads from the bucket's website
  mediastore.s3.anonymous_access:
    endpoint_url: https://garage.example.org
    provider: garage
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: avatars
    expect: public_read
    public_url: https://avatars.web.example.org
"""

RETURN = r"""
bucket:
  description: The bucket.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: media
expected:
  description: What was to be proved.
  returned: success
  type: str
  sample: public_read
proved:
  description: Whether it is proved. Always true, except in check mode.
  returned: success
  type: bool
  sample: true
access:
  description:
    - What the public may do, V(allowed), V(refused), V(unclear) or V(not_tried).
    - Also returned on failure, if it came to trying.
  returned: success
  type: dict
  contains:
    read:
      description: Read an object.
      type: str
    list:
      description: List the bucket.
      type: str
    write:
      description: Put an object.
      type: str
    read_outside_prefix:
      description: Read an object outside of O(prefix).
      returned: with O(expect=public_read) and O(prefix)
      type: str
  sample: {read: allowed, list: refused, write: refused}
statuses:
  description: The HTTP status of each try behind RV(access). A V(0) means that no answer came.
  returned: success
  type: dict
  sample: {read: [200], list: [403, 403], write: [403]}
error:
  description: The error in parts.
  returned: failure
  type: dict
  contains:
    tried:
      description: What was tried.
      type: str
    said:
      description: What came back.
      type: str
    remedy:
      description: What to do.
      type: str
    code:
      description: V(Public) if the public may do more than expected, V(NotPublic) if less, V(Unclear), or the store's error code.
      type: str
      sample: Public
"""

import typing as t

from ..module_utils._base.access import Claim, knock_until, knocking
from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._core import access, accesswords
from ..module_utils._core.bucketname import check_name
from ..module_utils._core.errors import BadInput
from ..module_utils._store.bucket import Bucket
from ..module_utils._store.stranger import check_public_url

SPEC = ArgSpec(
    {
        "name": {"type": "str", "required": True},
        "expect": {"type": "str", "choices": list(access.EXPECTATIONS), "required": True},
        "prefix": {"type": "str", "default": ""},
        "public_url": {"type": "str"},
        "timeout": {"type": "int", "default": 30},
    }
)


def prove(module: StoreModule) -> dict[str, t.Any]:
    """Let a stranger try everything, and fail unless it ends as expected."""
    claim = claimed(module.params)
    if module.check_mode:
        return foresee(module, claim)
    with knocking(module, claim) as stranger:
        stranger.leave_objects()
        tries = knock_until(stranger.once, claim.wanted, module.params["timeout"])
    wrong = access.deviations(tries, claim.wanted)
    found = result(claim, tries, proved=not wrong)
    if wrong:
        profile = module.profile
        instead = profile.instead.get("public_read", "See what the store offers for reading in public.")
        error = accesswords.not_as_expected(
            claim.bucket, claim.expect, wrong, profile.public_read, instead, module.params["timeout"]
        )
        error.result = found
        raise error
    return found


def claimed(params: t.Mapping[str, t.Any]) -> Claim:
    """What is to be proved, after refusing what cannot be meant."""
    claim = Claim(params["name"], params["expect"], params["prefix"], params["public_url"] or None)
    tried = accesswords.tried(claim.bucket, claim.expect)
    check_name(claim.bucket, tried)
    if claim.prefix.startswith("/"):
        raise BadInput(tried, said="prefix begins with '/'", remedy="Leave that out: keys do not begin with a slash.")
    if params["timeout"] < 0:
        raise BadInput(tried, said=f"timeout is {params['timeout']}", remedy="Use 0 or more seconds.")
    check_public_url(claim.public_url, tried)
    return claim


def foresee(module: StoreModule, claim: Claim) -> dict[str, t.Any]:
    """Try only what leaves no trace; what is wrong now may be right after the tasks before this one."""
    tries: list[access.Try] = []
    if not Bucket(module.client, module.connection, module.profile, claim.bucket).exists():
        module.warn(f"Bucket {claim.bucket} does not exist yet. This task fails unless another one makes it before.")
        return result(claim, tries, proved=False)
    with knocking(module, claim) as stranger:
        tries = stranger.look()
    wrong = access.deviations(tries, claim.wanted)
    if wrong:
        module.warn(f"Bucket {claim.bucket} at present: {accesswords.sentence(wrong)}.")
    return result(claim, tries, proved=False)


def result(claim: Claim, tries: t.Sequence[access.Try], proved: bool) -> dict[str, t.Any]:
    """What the module returns, also when it fails."""
    return {
        "changed": False,
        "bucket": {"name": claim.bucket},
        "expected": claim.expect,
        "proved": proved,
        "access": access.verdicts(tries, claim.wanted),
        "statuses": access.statuses(tries),
    }


def main() -> None:
    StoreModule(SPEC).run(prove)


if __name__ == "__main__":
    main()
