#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mend what is missing or different in Synapse's media store and its bucket, with what is whole."""

from __future__ import annotations

DOCUMENTATION = r"""
module: synapse_media_repair
short_description: Repair media of Synapse that one of its two places lacks
version_added: 0.2.0
description:
  - Finds the same as M(mediastore.s3.synapse_media_info), and mends what can be mended.
  - Uploads what only the disk has, and replaces objects that differ where the file is what the database says.
  - Replaces files that differ where the object is what the database says.
  - Where the database has the SHA-256 of a medium, it is compared before anything is moved. Else its size has to do, and which of
    two with the right size is whole cannot be told. Such media stay as they are, and are named.
  - Nothing is deleted on either side, and the database is only read. Orphans stay.
  - Media of the server's own users that are in neither place are lost. Media of other servers can be fetched again, see
    O(refetch).
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.tree
  - mediastore.s3.synapse_media
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
    details: Says what would be uploaded, fetched and forgotten.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
  action:
    support: full
    details: The part on the controller shows the progress.
  async:
    support: full
  bypass_host_loop:
    support: none
options:
  journal:
    description:
      - File on the host in which is remembered what was proved to be in the bucket. Best the one of M(mediastore.s3.evict).
  upload:
    description: Whether to upload what the bucket lacks, or has otherwise.
    type: bool
    default: true
  fetch:
    description:
      - V(different) replaces files that are not what the database says, where the object is.
      - V(all) fetches what only the bucket has as well, as before a return to the disk.
    type: str
    choices: [never, different, all]
    default: different
  keep_replaced:
    description: Directory beside O(path) to which files go that are replaced. Without it they are gone.
    type: path
  refetch:
    description:
      - Let Synapse forget media of other servers that are missing, so that it fetches them again when somebody asks for them. As
        long
        as it has their row it does not, and answers 404.
      - Synapse's admin API has one call for that, C(purge_media_cache), which forgets all media of other servers that nobody has
        asked for
        since some time. That time is chosen so that it takes no more than O(refetch_also) media along that are in order.
      - Media that somebody still asks for in vain are asked for lately. They need a higher O(refetch_also).
      - Their objects stay in the bucket as orphans. Quarantined media are never forgotten.
    type: bool
    default: false
  refetch_also:
    description:
      - So many media of other servers that are in order may be forgotten as well. Those are only whole again if their
        server still has them.
    type: int
    default: 0
  synapse_url:
    description: Where Synapse serves its admin API, for example V(http://127.0.0.1:8008). Needed for O(refetch).
    type: str
  synapse_token:
    description: Access token of a server admin. Needed for O(refetch).
    type: str
  lock_wait:
    description: Seconds to wait for another run with the same O(journal) to end.
    type: int
    default: 0
seealso:
  - module: mediastore.s3.synapse_media_info
  - module: mediastore.s3.sync
"""

EXAMPLES = r"""
---
- name: Upload what the bucket lacks, and replace what is cut off on either side
  mediastore.s3.synapse_media_repair:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /var/lib/matrix-synapse/media
    bucket: example-media
    database:
      path: /var/lib/matrix-synapse/homeserver.db

- name: Let Synapse fetch again what is missing of other servers, with up to 100 that are in order
  mediastore.s3.synapse_media_repair:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /var/lib/matrix-synapse/media
    bucket: example-media
    database:
      path: /var/lib/matrix-synapse/homeserver.db
    refetch: true
    refetch_also: 100
    synapse_url: http://127.0.0.1:8008
    synapse_token: "{{ matrix_admin_token }}"
"""

RETURN = r"""
uploaded:
  description: Files and bytes that were uploaded, or would be in check mode.
  returned: success
  type: dict
  sample: {"files": 12, "bytes": 345678}
fetched:
  description: Files and bytes that were fetched, or would be in check mode.
  returned: success
  type: dict
  sample: {"files": 1, "bytes": 34567}
damaged:
  description: Media that were not moved, because their content is not that of which the database has the SHA-256.
  returned: success
  type: int
  sample: 0
purge:
  description: What Synapse was told to forget, or would be, and as C(purged) how much it says to have forgotten.
  returned: success
  type: dict
  sample: {"missing": 1, "call": "POST /_synapse/admin/v1/purge_media_cache?before_ts=1750000", "purged": 1}
counts:
  description:
    - As it was before. For each directory of the media store, how many rows it has and how many of its files are in which state.
      C(other) is what
      is beside them.
    - C(both) (file and object are the same), C(disk_only) and C(bucket_only) (the only copy), C(missing) (in neither place),
      C(different), C(unreadable), C(settling) (O(settle_after)); C(orphan_disk) and C(orphan_bucket) have no row.
    - C(quarantined) are rows which an administrator of Synapse has put out of reach. They are in one of the other states, too.
  returned: success
  type: dict
  sample: {"local_content": {"rows": 2000, "both": 1500, "bucket_only": 499, "missing": 1, "quarantined": 2}}
totals:
  description: The same for all directories together.
  returned: success
  type: dict
  sample: {"both": 4000, "disk_only": 0, "bucket_only": 1600, "missing": 1, "different": 0, "orphan_disk": 3, "orphan_bucket": 12}
reconciled:
  description:
    - Whether all that the database knows is whole, and in the bucket as far as it belongs there. Orphans do no harm.
  returned: success
  type: bool
  sample: false
strange:
  description: Rows that cannot be files, which Synapse does not serve either.
  returned: success
  type: int
  sample: 0
samples:
  description: The first O(samples) keys of each state. Media of other servers are named by their address, too.
  returned: success
  type: dict
  sample: {"missing": ["remote_content/example.org/Ab/Cd/EfGh (mxc://example.org/aBcDeF)"]}
refetch:
  description:
    - What of other servers is missing, and the call of Synapse's admin API that makes it fetch all of that again when somebody
      asks for it. C(whole) is how many media that are in order go with it. They are fetched again, too, if their server still has
      them.
  returned: success
  type: dict
  sample: {"missing": 1, "whole": 7, "before_ts": 1750000, "call": "POST /_synapse/admin/v1/purge_media_cache?before_ts=1750000"}
summary:
  description: All that in one line.
  returned: success
  type: str
  sample: 5612 rows, 4000 in both places
shard:
  description: The part of the keys that this run was about.
  returned: when O(shard) is set
  type: dict
  sample: {"index": 0, "count": 4}
duration_s:
  description: Seconds it took.
  returned: success
  type: float
  sample: 3.5
engine:
  description: What read or moved the objects.
  returned: success
  type: str
  sample: boto3
engine_reason:
  description: Why it was this one.
  returned: success
  type: str
  sample: engine says so
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.reconciliation import RECONCILE, repair

SPEC = RECONCILE.merge(
    ArgSpec(
        {
            "upload": {"type": "bool", "default": True},
            "fetch": {"type": "str", "choices": ["never", "different", "all"], "default": "different"},
            "keep_replaced": {"type": "path"},
            "refetch": {"type": "bool", "default": False},
            "refetch_also": {"type": "int", "default": 0},
            "synapse_url": {"type": "str"},
            "synapse_token": {"type": "str", "no_log": True},
            "lock_wait": {"type": "int", "default": 0},
        },
        required_if=[("refetch", True, ["synapse_url", "synapse_token"])],
    )
)


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(repair)


if __name__ == "__main__":
    main()
