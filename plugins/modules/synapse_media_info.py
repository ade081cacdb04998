#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold Synapse's database, its media store and its bucket against each other."""

from __future__ import annotations

DOCUMENTATION = r"""
module: synapse_media_info
short_description: Find media of Synapse that are missing, different or nobody's
version_added: 0.2.0
description:
  - Compares what Synapse's database says of its media with the files of its media store and with one listing of the bucket.
  - Says how many media and thumbnails are in both places, in one, or in none, which of them differ, and what belongs to no row.
  - File and object are compared by size and MD5, as M(mediastore.s3.verify) does it. Files that O(journal) covers are not read.
    Where they differ, the database's size and SHA-256 tell which of them is whole, if one is.
  - Everything is only read. M(mediastore.s3.synapse_media_repair) mends what can be mended.
  - Synapse may run meanwhile. Its database is read again in the end, so what comes and goes is not taken for a difference.
  - Memory does not grow with the number of media. What was found is in a file without a name, in C(SQLITE_TMPDIR) or C(/var/tmp).
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
    details: Nothing is ever changed.
  diff_mode:
    support: none
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
    description: The journal of M(mediastore.s3.sync) or M(mediastore.s3.evict), if there is one. It is only read.
seealso:
  - module: mediastore.s3.synapse_media_repair
  - module: mediastore.s3.verify
"""

EXAMPLES = r"""
---
- name: Reconcile a Synapse with SQLite
  mediastore.s3.synapse_media_info:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /var/lib/matrix-synapse/media
    bucket: example-media
    database:
      path: /var/lib/matrix-synapse/homeserver.db
  register: media

- name: Reconcile a Synapse with PostgreSQL, by the Python that Synapse runs with
  mediastore.s3.synapse_media_info:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /var/lib/matrix-synapse/media
    bucket: example-media
    database:
      host: localhost
      dbname: synapse
      user: synapse_user
      password: "{{ synapse_database_password }}"
  vars:
    ansible_python_interpreter: /opt/venvs/matrix-synapse/bin/python
"""

RETURN = r"""
counts:
  description:
    - For each directory of the media store, how many rows it has and how many of its files are in which state. C(other) is what
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

from ..module_utils._base.module import StoreModule
from ..module_utils._base.reconciliation import RECONCILE, inform


def main() -> None:
    """Run the module."""
    StoreModule(RECONCILE).run(inform)


if __name__ == "__main__":
    main()
