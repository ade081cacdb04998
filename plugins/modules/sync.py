#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a bucket hold what a directory holds, or the other way round."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sync
short_description: Copy a directory into a bucket, or back, and prove every object
version_added: 0.1.0
description:
  - Compares a directory with a bucket, writes down what has to be transferred, and transfers it.
  - Nothing is deleted on either side. What only the other side has is counted and left alone.
  - Nothing is sent before the whole directory was looked at. Names that the store cannot take, files that cannot be read,
    symbolic links and sockets are all named in one error.
  - Every object is proved. The MD5 of the bytes that were sent is compared with the ETag that the store answered. Where
    the ETag is no MD5, as with O(sse_customer_key), a checksum is the proof that the store compares (C(checks) among the
    capabilities of the store), or else the object is read back.
  - A file that changes while it is read is read again. A file that is gone meanwhile is counted and is no error.
  - It can be interrupted at any moment, with C(kill -9) too, and run again.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.tree
  - mediastore.s3.tree.places
  - mediastore.s3.tree.metrics
  - mediastore.s3.tree.upload
  - mediastore.s3.prices
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows how much would be transferred, and the first O(samples) names.
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
  direction:
    description:
      - V(upload) copies O(path) to the bucket.
      - V(download) copies the objects below O(prefix) into O(path), each under a temporary name until it is complete and
        proved. New files belong to the owner of their folder.
    type: str
    choices: [upload, download]
    default: upload
  compare:
    description:
      - V(auto) takes two files of the same size for the same if the journal proves it or their content is the same.
      - V(size) looks at the size only.
      - V(checksum) compares the content of all files, whatever the journal says.
    type: str
    choices: [auto, size, checksum]
    default: auto
  against:
    description:
      - V(store) compares with a listing of the bucket.
      - V(journal) compares with what O(journal) proves and asks the store nothing, so that its time does not depend on the
        size of the bucket. It is meant for the last pass, while the application is stopped. A file that is still being
        written is an error then.
      - V(feed) does the same, but looks only at what M(mediastore.s3.change_feed) has seen changing, so that its time does not
        depend on the size of O(path) either. The feed must have been started for O(journal) before the last run that looked at
        everything. If it has not seen everything since, or if it was another O(exclude), O(special) or O(compare), this run
        looks at everything itself, as with V(journal), and RV(walked_reason) says why.
    type: str
    choices: [store, journal, feed]
    default: store
  replace:
    description:
      - Which local files that are not the same a download replaces, all of them with V(always).
      - V(rewritten) replaces those whose objects somebody has written anew since they were uploaded. A file that has changed
        while its object is still what O(journal) proved is left as C(kept). So is one whose object carries its modification
        time, as uploads of M(mediastore.s3.sync) do; such an object was damaged, and is counted in RV(damaged). A file
        that was written later than its object stays as well, and is counted in RV(newer); for that the clocks of
        host and store have to agree.
      - V(never) downloads only what is missing. What exists is counted as C(kept) and not compared.
    type: str
    choices: [always, rewritten, never]
    default: always
  keep_replaced:
    description:
      - Directory to which a local file is moved before a download replaces it, under the same relative path.
      - It must be on the filesystem of O(path), but not inside. Only used with O(direction=download).
      - A name that is taken there gets a number, so that no version is lost.
    type: path
  lock_wait:
    description: Seconds to wait for another run with the same O(journal) to end.
    type: int
    default: 0
  bandwidth:
    description:
      - How much may go over the line, in bytes in a second, for example V(10M). Left out, there is no limit.
      - Several entries, each a time of the day (in the host's time zone), a space and what holds from then on, make a timetable.
        There, V(off) is no limit, and with V(0) no object is begun until the next entry. Before the first time of a day,
        the last entry holds.
      - The limit is kept over some seconds, not over each packet. The listing is not counted.
    type: list
    elements: str
  owned_by:
    description:
      - Who the objects below O(prefix) belong to, in words that nobody else uses, such as the name and an id of an installation.
      - The first upload leaves them in the object C(.mediastore-owner) below O(prefix). An upload is refused where other words
        are found and, unless O(journal) knows some of the objects, where there are objects but no words. So the media of one
        application never replace those of another because of a wrong O(bucket).
      - The object is no file and no difference for M(mediastore.s3.sync) and M(mediastore.s3.verify).
      - A pass against the journal or the feed, and a download, do not look at it.
    type: str
    default: ""
    version_added: 0.2.0
  adopt:
    description: Whether to take over what O(owned_by) would refuse, and leave the own words there.
    type: bool
    default: false
    version_added: 0.2.0
seealso:
  - module: mediastore.s3.verify
"""

EXAMPLES = r"""
---
- name: Copy the media to the bucket
  mediastore.s3.sync:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media.sqlite

- name: The same, with the connection set once
  module_defaults:
    group/mediastore.s3.store: "{{ mediastore_store }}"
  block:
    - name: Copy what the public may see
      mediastore.s3.sync:
        path: /srv/media/public
        bucket: example-media
        prefix: public/
        exclude: ["cache/", "**/*.tmp"]
        cache_control: public, max-age=31536000, immutable

    - name: Copy what has changed since, without a listing of the bucket
      mediastore.s3.sync:
        path: /srv/media/public
        bucket: example-media
        prefix: public/
        exclude: ["cache/", "**/*.tmp"]
        cache_control: public, max-age=31536000, immutable
        journal: /var/lib/mediastore/public.sqlite
        against: journal

    - name: Bring everything back
      mediastore.s3.sync:
        direction: download
        path: /srv/media/public
        bucket: example-media
        prefix: public/
        keep_replaced: /srv/media/replaced

- name: Leave the line to the users by day
  mediastore.s3.sync:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media.sqlite
    bandwidth:
      - 07:00 2M
      - 18:00 0
      - 23:30 off

- name: Copy a directory that all hosts of the play see, each of them a part of it
  mediastore.s3.sync:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media-{{ ansible_play_hosts_all.index(inventory_hostname) }}.sqlite
    shard:
      index: "{{ ansible_play_hosts_all.index(inventory_hostname) }}"
      count: "{{ ansible_play_hosts_all | length }}"
"""

RETURN = r"""
plan:
  description: What was found to be done before anything was done.
  returned: success, and failure after the comparison
  type: dict
  contains:
    upload:
      description: Files and bytes to transfer. The key is C(download) with O(direction=download).
      returned: always
      type: dict
      sample: {"files": 12, "bytes": 345678}
    unchanged:
      description: Files and bytes that are the same on both sides.
      returned: always
      type: dict
      sample: {"files": 5000, "bytes": 87654321}
    reasons:
      description:
        - How often each reason was given.
        - To transfer, C(missing), C(gone_from_store) (missing although the journal proved it), C(size), C(content),
          C(changing) (being written) and C(unprovable) (the ETag tells nothing, and no journal does).
        - To leave it, C(proved), C(same_content), C(same_size), C(only_in_store), C(only_local), C(kept), C(excluded),
          C(special), C(vanished) and C(folder_marker) (an empty object whose key ends in a slash).
      returned: always
      type: dict
      sample: {"missing": 12, "proved": 5000}
    requests:
      description:
        - Requests that a run takes which does what is planned, C(write) (with those of uploads in parts), C(read)
          and C(list), and those of a listing afterwards, C(verify), such as each verification takes.
        - Requests that are sent again after an error are not in it.
      returned: in check mode, with O(direction=upload) and O(against=store)
      type: dict
      sample: {"write": 12, "read": 1, "list": 6, "verify": 6}
    estimate:
      description:
        - What these requests cost, C(upload) for C(write), C(read) and C(list) together, and C(verify), and what it costs to keep
          all files of O(path) in the bucket for a month (C(monthly)).
        - A sum is null where a price is not known. C(currency) and C(prices) say what the sums are in, and where the prices are
          from.
      returned: in check mode, with O(direction=upload) and O(against=store)
      type: dict
      sample:
        upload: 0.00009
        verify: 0.00003
        monthly: 0.002
        currency: USD
        prices: Amazon S3 price list, us-east-1, June 2026
transferred:
  description: Files and bytes that were transferred and proved.
  returned: success, and failure after the comparison
  type: dict
  sample: {"files": 12, "bytes": 345678}
complete:
  description: Whether nothing is left. V(false) in check mode if there is something to do.
  returned: success, and failure after the comparison
  type: bool
  sample: true
retaken:
  description: How many times a file was read again because it changed while it was read.
  returned: success, and failure after the comparison
  type: int
  sample: 0
vanished:
  description: Files that were gone when their turn came.
  returned: success, and failure after the comparison
  type: int
  sample: 0
damaged:
  description: Objects of which O(replace=rewritten) found that they are no longer what was uploaded from the files here.
  returned: success, and failure after the comparison
  type: int
  sample: 0
newer:
  description: Files that O(replace=rewritten) left because they are newer than their objects.
  returned: success, and failure after the comparison
  type: int
  sample: 0
unsettled:
  description: Files that were written all the time, so that no version of them could be taken. The next run takes them.
  returned: success, and failure after the comparison
  type: int
  sample: 0
failures:
  description: Files that could not be transferred. If there are any, the task fails.
  returned: success, and failure after the comparison
  type: int
  sample: 0
samples:
  description: The first O(samples) names of each kind, C(planned), C(damaged), C(unsettled) and C(failed).
  returned: success, and failure after the comparison
  type: dict
  sample: {"planned": ["avatars/1.png (missing)"]}
duration_s:
  description: Seconds from the start of the comparison.
  returned: success, and failure after the comparison
  type: float
  sample: 1.25
files_per_s:
  description: Files transferred per second.
  returned: success, and failure after the comparison
  type: float
  sample: 300.5
bytes_per_s:
  description: Bytes transferred per second.
  returned: success, and failure after the comparison
  type: int
  sample: 12345678
throughput:
  description: How it went, as at most 100 rows of the seconds since the transfer began, and of the files and bytes until then.
  returned: success, and failure after the comparison
  type: list
  elements: list
  sample: [[1.0, 300, 12000000], [1.25, 380, 14500000]]
shard:
  description: The part of the keys that this run was about. All other numbers are of this part.
  returned: when O(shard) is set
  type: dict
  sample: {"index": 0, "count": 4}
journal:
  description: The journal, if there is one.
  returned: success, and failure after the comparison
  type: str
  sample: /var/lib/mediastore/media.sqlite
walked:
  description: Whether the whole directory was looked at, and not only what had changed.
  returned: when O(against=feed)
  type: bool
  sample: false
walked_reason:
  description: Why it was, or an empty string.
  returned: when O(against=feed)
  type: str
  sample: the feed has ended, by a restart of the host or because it was killed
engine:
  description: What moved the objects.
  returned: success, and failure after the comparison
  type: str
  sample: obstore
engine_reason:
  description: Why it was this one.
  returned: success, and failure after the comparison
  type: str
  sample: it is installed, and moves small objects much faster
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.prices import PRICES
from ..module_utils._base.syncing import converge
from ..module_utils._base.telling import METRICS
from ..module_utils._base.transfer import UPLOAD
from ..module_utils._base.tree import PLACES, TREE

SPEC = (
    TREE.merge(PLACES)
    .merge(METRICS)
    .merge(UPLOAD)
    .merge(
        ArgSpec(
            {
                "direction": {"type": "str", "choices": ["upload", "download"], "default": "upload"},
                "compare": {"type": "str", "choices": ["auto", "size", "checksum"], "default": "auto"},
                "against": {"type": "str", "choices": ["store", "journal", "feed"], "default": "store"},
                "replace": {"type": "str", "choices": ["always", "rewritten", "never"], "default": "always"},
                "keep_replaced": {"type": "path"},
                "lock_wait": {"type": "int", "default": 0},
                "bandwidth": {"type": "list", "elements": "str"},
                "owned_by": {"type": "str", "default": ""},
                "adopt": {"type": "bool", "default": False},
                "prices": {"type": "dict", "options": PRICES},
            },
            required_if=[("against", "journal", ["journal"]), ("against", "feed", ["journal"])],
        )
    )
)


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(converge)


if __name__ == "__main__":
    main()
