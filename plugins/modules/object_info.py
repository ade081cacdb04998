#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at one object."""

from __future__ import annotations

DOCUMENTATION = r"""
module: object_info
short_description: Look at one object on S3-compatible storage
version_added: 0.2.0
description:
  - Returns whether an object exists, whether it can be read with this key, and what the store says of it, such as its size and
    its storage class. It is one request, HEAD.
  - With and without O(sse_customer_key) it proves that an object is encrypted with a customer's key. A store that keeps it so
    refuses everybody who does not bring the key.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: It changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  bucket:
    description: The bucket. It must exist.
    type: str
    required: true
  key:
    description: The object's whole key.
    type: str
    required: true
  sse_customer_key:
    description: Key of 32 bytes in base64, with which the object is encrypted (SSE-C).
    type: str
seealso:
  - module: mediastore.s3.bucket_info
  - module: mediastore.s3.storage_class
"""

EXAMPLES = r"""
- name: Look at a medium
  mediastore.s3.object_info:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    bucket: example-media
    key: public/photo.jpg
  register: photo

- name: Stop if it is not there, or not where it should be
  ansible.builtin.assert:
    that:
      - photo.exists
      - photo.storage_class == 'STANDARD'
"""

RETURN = r"""
exists:
  description: Whether there is such an object.
  returned: success
  type: bool
readable:
  description: Whether the store lets it be read as it was asked for. V(false) for one that is encrypted with another key.
  returned: success
  type: bool
said:
  description: Why it cannot be read, in the store's words; empty if it can.
  returned: success
  type: str
  sample: the store answered 400 (Bad Request)
size:
  description: Its bytes.
  returned: if it is readable
  type: int
storage_class:
  description: Its storage class. V(STANDARD) also where the store says nothing, as Amazon S3 does then.
  returned: if it is readable
  type: str
etag:
  description: Its ETag, without quotes.
  returned: if it is readable
  type: str
content_type:
  description: Its type.
  returned: if it is readable
  type: str
metadata:
  description: What whoever wrote it has noted.
  returned: if it is readable
  type: dict
"""

import base64
import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.tree import check_customer_key
from ..module_utils._core.bucketname import check_name
from ..module_utils._store.faults import ClientError, explain, explaining, status_of

SPEC = ArgSpec(
    {
        "bucket": {"type": "str", "required": True},
        "key": {"type": "str", "required": True, "no_log": False},
        "sse_customer_key": {"type": "str", "no_log": True},
    }
)
#: what the stores answer who keep an object encrypted and are asked for it without its key, or with another one
ENCRYPTED = (400, 412)


def look(module: StoreModule) -> dict[str, t.Any]:
    """Ask for the object's head."""
    bucket, key, secret = (module.params[name] for name in ("bucket", "key", "sse_customer_key"))
    tried = f"look at object {key} in bucket {bucket}"
    check_name(bucket, tried)
    if secret:
        check_customer_key(module.profile, module.connection, tried, secret)
    # boto3 encodes the key and adds its MD5 by itself
    owned = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64decode(secret)} if secret else {}
    result: dict[str, t.Any] = {"changed": False, "exists": True, "readable": True, "said": ""}
    with explaining(tried, module.connection):
        try:
            found = module.client.head_object(Bucket=bucket, Key=key, **owned)
        except ClientError as exc:
            if status_of(exc) == 404:
                return {**result, "exists": False, "readable": False, "said": "there is no such object"}
            if status_of(exc) in ENCRYPTED or (secret and status_of(exc) == 403):
                return {**result, "readable": False, "said": explain(exc, tried, module.connection).said}
            raise
    return {
        **result,
        "size": found["ContentLength"],
        "storage_class": found.get("StorageClass", "STANDARD"),
        "etag": found.get("ETag", "").strip('"'),
        "content_type": found.get("ContentType", ""),
        "metadata": found.get("Metadata", {}),
    }


def main() -> None:
    StoreModule(SPEC).run(look)


if __name__ == "__main__":
    main()
