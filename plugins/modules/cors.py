#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set and remove the CORS rules of a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cors
short_description: Manage the CORS rules of a bucket on S3-compatible storage
version_added: 0.2.0
description:
  - Makes sure that a bucket has exactly the given rules for requests from web pages of other origins, or none.
  - A browser takes the first rule that fits, so the order of the rules counts. Within a rule the order of origins, methods
    and headers makes no difference, and neither do capital letters in the names of headers.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.settles
options:
  name:
    description: Name of the bucket, which must exist.
    type: str
    required: true
  rules:
    description:
      - The rules, all of them, in order.
      - Required with O(state=present).
    type: list
    elements: dict
    suboptions:
      allowed_origins:
        description: Origins that may send requests, such as V(https://chat.example.org). One V(*) may stand in each.
        type: list
        elements: str
        required: true
      allowed_methods:
        description: Methods that they may use.
        type: list
        elements: str
        choices: [GET, HEAD, PUT, POST, DELETE]
        required: true
      allowed_headers:
        description: Headers that they may send. One V(*) may stand in each.
        type: list
        elements: str
      expose_headers:
        description: Headers of the answer that scripts may read.
        type: list
        elements: str
      max_age_seconds:
        description: Seconds for which a browser may remember the answer.
        type: int
  state:
    description:
      - Whether the bucket should have the rules (V(present)), or none (V(absent)).
      - V(absent) is always true on a provider that has no CORS rules, and of a bucket that does not exist.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: mediastore.s3.bucket
  - module: mediastore.s3.bucket_info
"""

EXAMPLES = r"""
- name: Let the web client of a chat server show media
  mediastore.s3.cors:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    rules:
      - allowed_origins: [https://chat.example.org]
        allowed_methods: [GET, HEAD]
        expose_headers: [ETag]
        max_age_seconds: 3600

- name: No rules
  mediastore.s3.cors:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket and its rules. In check mode, as they would be.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      sample: media
    cors:
      description: The rules in order, or nothing if there are none. Lists within a rule are sorted.
      type: list
      elements: dict
"""

import typing as t

from ..module_utils._base.bucketmodule import BucketModule
from ..module_utils._base.onefacet import converge, one_facet_spec
from ..module_utils._base.settle import Desired, exactly
from ..module_utils._store.cors import CORS, METHODS, check

WORDS: dict[str, t.Any] = {"type": "list", "elements": "str"}

SPEC = one_facet_spec(
    {
        "rules": {
            "type": "list",
            "elements": "dict",
            "options": {
                "allowed_origins": {**WORDS, "required": True},
                "allowed_methods": {**WORDS, "required": True, "choices": list(METHODS)},
                "allowed_headers": WORDS,
                "expose_headers": WORDS,
                "max_age_seconds": {"type": "int"},
            },
        }
    },
    needed="rules",
)


def settle_cors(module: BucketModule) -> dict[str, t.Any]:
    """Make sure of the rules, or of none."""

    def desired(tried: str) -> Desired:
        check(module.params["rules"], tried)
        return exactly(module.params["rules"])

    return converge(module, CORS, desired)


def main() -> None:
    BucketModule(SPEC).run(settle_cors)


if __name__ == "__main__":
    main()
