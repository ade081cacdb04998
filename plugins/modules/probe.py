#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out what an S3 endpoint can do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Measure what S3-compatible storage can do
version_added: 0.2.0
description:
  - Tries out a store of which nothing is known, and returns what it can do in the form that the option O(capabilities) of
    all modules takes.
  - It works in a bucket of its own, and removes it with all that is in it, also when it fails. Nothing else is touched.
  - A store that does not know a setting of a bucket may take a request about it for one about the bucket, and delete that.
    So every setting is read first, is written only if the answer shows that the store knows it, and the bucket is looked for
    after every write. A setting that costs the bucket its life is V(none) in the result.
  - A setting is V(store) if the store keeps it, and V(enforce) if an effect was seen, for example that somebody without keys
    may read after a policy said so.
  - It sends some hundred requests and about 5 MiB, and takes a few seconds, more if the store is far away or slow to act.
  - What was measured holds for this server, this version and this key. Measure again after an upgrade.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
attributes:
  check_mode:
    support: partial
    details: Sends nothing, and returns what is known about the O(provider).
  diff_mode:
    support: none
    details: It changes nothing that lasts.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  bucket_prefix:
    description:
      - How the name of the bucket begins that is made and removed. Twelve random digits and letters follow.
      - Not used with O(bucket).
    type: str
    default: mediastore-probe-
  bucket:
    description:
      - A bucket that is there, for a key that may not create buckets.
      - Its settings are then read and never written, so they are V(ask) or V(none) in the result, and only objects are tried out,
        in a folder of their own below O(prefix).
    type: str
  prefix:
    description: What the names of all objects in O(bucket) begin with. Twelve random digits and letters and a slash follow.
    type: str
    default: mediastore-probe/
notes:
  - Objects are also put in each of Amazon's storage classes that the store takes. On Amazon S3 some of them cost a fraction
    of a cent, and the first use of C(aws:kms) makes the account's own key for it.
  - A bucket with object lock is made and removed if the store can do that. Nothing is ever locked, as it could not be removed.
seealso:
  - module: mediastore.s3.bucket
  - module: mediastore.s3.bucket_info
"""

EXAMPLES = r"""
- name: Find out what the store can do
  mediastore.s3.probe:
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
  register: probed

- name: Make a bucket there, with what it can do
  mediastore.s3.bucket:
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    provider: generic
    capabilities: "{{ probed.capabilities }}"
    name: measured-media

- name: With a key that may not create buckets
  mediastore.s3.probe:
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    bucket: measured-media

- name: See whether the store is what its provider says
  mediastore.s3.probe:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
  register: compared

- name: Show what it lacks
  ansible.builtin.debug:
    msg: "{{ compared.differs | selectattr('kind', 'equalto', 'less') }}"
"""

RETURN = r"""
capabilities:
  description:
    - What the store can do, for the option C(capabilities) of the other modules.
    - What could not be measured is as it is known of the O(provider). What is no part of S3 (quotas, aliases) is never measured.
  returned: success
  type: dict
  contains:
    facets:
      description:
        - For each setting of a bucket V(none), V(ask) (it must be asked for), V(store), V(enforce), or V(always) (it cannot be
          switched off).
      type: dict
      sample: {policy: enforce, cors: none, tagging: store}
    lifecycle:
      description: Which parts a lifecycle rule may have (C(actions), C(filters)), and what the store makes of it.
      type: dict
    public_read:
      description:
        - How everybody may be let in to read objects and not to list them.
        - V(policy), V(bucket_acl), V(website) or V(none).
      type: str
      sample: policy
    sse:
      description: Kinds of server-side encryption for objects.
      type: list
      elements: str
      sample: [SSE-C]
    storage_classes:
      description: Amazon's storage classes that the store knows. Add those with names of its own.
      type: list
      elements: str
      sample: [STANDARD]
unmeasured:
  description: Names of what could not be measured, for example because the key may not do it.
  returned: success
  type: list
  elements: str
  sample: [facets.encryption]
differs:
  description: Where the store differs from what is known about its O(provider). Empty for V(provider=generic).
  returned: success
  type: list
  elements: dict
  contains:
    fact:
      description: Name of the fact, as in RV(capabilities).
      type: str
      sample: facets.cors
    profile:
      description: What is known about the provider.
      type: raw
      sample: enforce
    measured:
      description: What was measured.
      type: raw
      sample: none
    kind:
      description: V(less) if the store lacks what modules rely on, V(more) if it can do more than they use.
      type: str
      sample: less
requests:
  description: How many requests were sent.
  returned: success
  type: int
  sample: 240
scratch_bucket:
  description: The bucket in which it was measured, empty in check mode.
  returned: always
  type: str
  sample: mediastore-probe-1f0b9c6a72de
removed:
  description: Whether everything is gone again that was made.
  returned: always
  type: bool
leftovers:
  description:
    - Buckets (or folders of O(bucket)) that this run or an earlier one could not remove, about ten at most.
    - Remove them yourself, unless another run is using one at this moment.
  returned: always
  type: list
  elements: str
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
      description: The store's error code, or a short name.
      type: str
      sample: AccessDenied
"""

import dataclasses
import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._core.bucketname import check_name, check_new_name, check_tls
from ..module_utils._core.errors import BadInput, MediastoreError
from ..module_utils._store.capabilities import capabilities_of
from ..module_utils._store.connection import Connection
from ..module_utils._store.probing.disagreements import disagreements
from ..module_utils._store.probing.scratch import Scratch
from ..module_utils._store.probing.survey import naming_the_region, stranger_to, survey
from ..module_utils._store.profile import Profile
from ..module_utils._store.registry import profile_for

SPEC = ArgSpec(
    {
        "bucket_prefix": {"type": "str", "default": "mediastore-probe-"},
        "bucket": {"type": "str"},
        "prefix": {"type": "str", "default": "mediastore-probe/"},
    }
)
TRIED = "measure what the store can do"
#: A refusal is a result here, and half of the refusals look like something that might pass: not to be tried five times.
ATTEMPTS = 2


class ProbeModule(StoreModule):
    """A module that does not believe what is known about the provider, except for where it is."""

    @property
    def connection(self) -> Connection:
        """The connection, less stubborn."""
        said = super().connection
        return dataclasses.replace(said, max_attempts=min(said.max_attempts, ATTEMPTS))

    @property
    def known(self) -> Profile:
        """What is known about the provider."""
        return profile_for(self.connection)

    @property
    def profile(self) -> Profile:
        """What the client may assume: nothing."""
        return stranger_to(self.known, own=not self.params["bucket"])


def check(module: ProbeModule) -> None:
    """Refuse what cannot be, before anything is sent."""
    params, connection = module.params, module.connection
    if params["bucket"]:
        check_name(params["bucket"], TRIED)
        name = params["bucket"]
    else:
        name = params["bucket_prefix"] + "0" * 12
        check_new_name(name, TRIED)
    check_tls(name, TRIED, connection.endpoint_url, connection.addressing_style)
    if params["prefix"].startswith("/"):
        raise BadInput(TRIED, said="prefix begins with '/'", remedy="Leave that out: keys do not begin with a slash.")


def probe(module: ProbeModule) -> dict[str, t.Any]:
    """Measure the store and remove all traces."""
    check(module)
    known = module.known
    if module.check_mode:
        nothing = {"requests": 0, "scratch_bucket": "", "removed": True, "leftovers": []}
        return {**result(known, capabilities_of(known), []), **nothing}
    where = {name: module.params[name] for name in ("bucket_prefix", "bucket", "prefix")}
    place = Scratch(module.client, module.connection, module.profile, **where)
    earlier: list[str] = []
    try:
        with place:
            place.settle_in()
            earlier = place.leftovers()
            found = survey(place, known)
    except MediastoreError as exc:
        exc.result = traces(place, earlier)
        raise naming_the_region(exc) from exc.__cause__
    finally:
        warn(module, place, earlier)
    return {**result(known, found.capabilities, found.unmeasured), "requests": place.requests, **traces(place, earlier)}


def result(known: Profile, capabilities: dict[str, t.Any], unmeasured: list[str]) -> dict[str, t.Any]:
    """What the store can do, and where that is news."""
    differs = disagreements(known, capabilities, unmeasured) if known.name != "generic" else []
    return {"changed": False, "capabilities": capabilities, "unmeasured": unmeasured, "differs": differs}


def traces(place: Scratch, earlier: list[str]) -> dict[str, t.Any]:
    """Where it was measured, and what is left of that."""
    return {"scratch_bucket": place.bucket, "removed": not place.left, "leftovers": sorted({*place.left, *earlier})}


def warn(module: ProbeModule, place: Scratch, earlier: list[str]) -> None:
    """Name what has to be removed by hand."""
    if place.left:
        module.warn(f"Could not be removed and is left in the store: {', '.join(place.left)}. Remove it.")
    if earlier:
        module.warn(f"Left by an earlier run, or in use by another: {', '.join(earlier)}. Remove it if no other is running.")


def main() -> None:
    ProbeModule(SPEC).run(probe)


if __name__ == "__main__":
    main()
