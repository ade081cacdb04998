#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Propose the sizes of a cache for a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cache_advice
short_description: Propose the sizes of a cache in front of a bucket
version_added: 0.2.0
description:
  - Lists the bucket and measures how far away the store is, and says from that which C(s3_memory_cache_size),
    C(s3_disk_cache_size) and C(s3_cache_inactive_time) would fit the role P(mediastore.s3.nginx_cache#role), and why.
  - What people will look at nobody knows. The module assumes that it is what is new, and some of what is older, the more of it
    the farther away the store is. Compare with what nginx logs later.
  - It changes nothing. A listing is one request for each 1000 objects, and the key must be allowed to list.
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
  prefix:
    description: Only this part of the bucket.
    type: str
    default: ""
  slice_size:
    description: The slices in which nginx keeps large objects, such as V(5M). Each is an entry in the index.
    type: str
    default: 5M
  days:
    description: For how many days an object counts as new.
    type: int
    default: 30
  cache_path:
    description:
      - Where the cache is or will be. No more than half of what is free there is proposed. Without it the disk is not looked at.
    type: path
seealso:
  - module: mediastore.s3.bucket_info
"""

EXAMPLES = r"""
- name: Look at what is there
  mediastore.s3.cache_advice:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    bucket: example-media
  register: advice

- name: Say which sizes would fit, and why
  ansible.builtin.debug:
    msg: "{{ advice.reasons }}"
"""

RETURN = r"""
sizes:
  description: What is proposed, as the role takes it.
  returned: success
  type: dict
  contains:
    s3_memory_cache_size:
      description: Memory for the index.
      type: str
      sample: 3M
    s3_disk_cache_size:
      description: Disk for the media.
      type: str
      sample: 4200M
    s3_cache_inactive_time:
      description: How long what nobody asks for is kept.
      type: str
      sample: 30d
reasons:
  description: Why, one sentence or two for each.
  returned: success
  type: list
  elements: str
limited:
  description: Whether there is too little disk space for what would be of use.
  returned: success
  type: bool
objects:
  description: How many there are.
  returned: success
  type: int
bytes:
  description: What they amount to.
  returned: success
  type: int
entries:
  description: How many entries they would be in a cache that holds all of them.
  returned: success
  type: int
recent:
  description: The same of those that are new.
  returned: success
  type: dict
  sample: {objects: 1200, bytes: 310000000, entries: 1260}
latency_ms:
  description: How long the store takes to answer the smallest request, the median of five.
  returned: success
  type: float
histogram:
  description: Objects by size. C(up_to) is the upper end of a class in bytes, and nothing for the last one.
  returned: success
  type: list
  elements: dict
  sample: [{up_to: 65536, objects: 1000, bytes: 20000000, entries: 1000}]
"""

import datetime
import statistics
import time
import typing as t

from ansible.module_utils.common.text.formatters import human_to_bytes

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._core.bucketname import check_name
from ..module_utils._core.cachesize import Census, advise
from ..module_utils._core.errors import BadInput
from ..module_utils._core.files import free_bytes
from ..module_utils._store.faults import explaining
from ..module_utils._store.objects import BotoStore

SPEC = ArgSpec(
    {
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "slice_size": {"type": "str", "default": "5M"},
        "days": {"type": "int", "default": 30},
        "cache_path": {"type": "path"},
    }
)
ASKED = 5


def look(module: StoreModule) -> dict[str, t.Any]:
    """List the bucket, and think."""
    said = module.params
    tried = f"propose a cache for bucket {said['bucket']}"
    check_name(said["bucket"], tried)
    if said["days"] < 1:
        raise BadInput(tried, said=f"days is {said['days']}", remedy="Use 1 or more.")
    census = Census(slice_size(said["slice_size"], tried), said["days"])
    prefix = said["prefix"].strip("/")
    store = BotoStore(module.client, said["bucket"], module.connection, module.profile)
    now = datetime.datetime.now(datetime.timezone.utc)
    for entry in store.entries(f"{prefix}/" if prefix else ""):
        census.add(entry["Size"], (now - entry["LastModified"]).total_seconds())
    away = latency(module, tried)
    advice = advise(census, away, free_bytes(said["cache_path"]) if said["cache_path"] else None)
    recent = census.recent
    return {
        "changed": False,
        "sizes": {
            "s3_memory_cache_size": advice.memory,
            "s3_disk_cache_size": advice.disk,
            "s3_cache_inactive_time": advice.inactive,
        },
        "reasons": advice.reasons,
        "limited": advice.limited,
        "objects": census.objects,
        "bytes": census.bytes,
        "entries": census.entries,
        "recent": {"objects": recent.objects, "bytes": recent.bytes, "entries": recent.entries},
        "latency_ms": round(away, 1),
        "histogram": census.histogram(),
    }


def slice_size(text: str, tried: str) -> int:
    """Bytes of a slice."""
    try:
        size = int(human_to_bytes(text))
    except ValueError:
        size = 0
    if size < 1:
        raise BadInput(tried, said=f"slice_size is {text}", remedy="Write a size with its unit, such as 5M.")
    return size


def latency(module: StoreModule, tried: str) -> float:
    """Milliseconds to the store and back, by a connection that is there."""
    took = []
    for _time in range(ASKED):
        began = time.monotonic()
        with explaining(tried, module.connection):
            module.client.head_bucket(Bucket=module.params["bucket"])
        took.append((time.monotonic() - began) * 1000)
    return statistics.median(took)


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(look)


if __name__ == "__main__":
    main()
