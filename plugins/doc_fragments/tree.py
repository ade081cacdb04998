# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that sync and verify share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of TREE in ``module_utils/_base/tree.py``."""

    DOCUMENTATION = r"""
options:
  path:
    description: The directory. It must exist.
    type: path
    required: true
  bucket:
    description: The bucket. It must exist.
    type: str
    required: true
  prefix:
    description:
      - Put in front of every path to make the key, as it is. Give the final slash yourself.
      - Only objects below it are looked at.
    type: str
    default: ""
  exclude:
    description:
      - Patterns of what is left out, on both sides.
      - A pattern is matched against the whole path below O(path). V(*) and V(?) stay within a folder, V(**) does not.
      - What matches a folder leaves out all that is in it. A final slash matches folders only.
      - V(*.tmp) concerns the top folder only, V(**/*.tmp) all folders.
    type: list
    elements: str
    default: []
  special:
    description:
      - What to do about symbolic links, sockets, pipes and devices below O(path).
      - V(fail) names them in an error before anything is transferred. V(skip) counts them and goes on.
    type: str
    choices: [fail, skip]
    default: fail
  shard:
    description:
      - Which part of the keys this run is about, where several hosts work on one directory that all of them see, such as
        a GlusterFS or NFS mount. Each host then takes an equal and disjoint part of the files, of the bucket's listing and of
        what is reported.
      - The key alone says in which part it is, so the hosts need not know of each other. The files of the other parts are not
        looked at, only their names are read.
      - Every host needs a journal of its own, best on a disk of its own. A journal is tied to its part and refused for another
        one, and for the whole.
      - Take index and number from C(ansible_play_hosts_all), as in the examples. It names the hosts of this very run, those that
        failed meanwhile too. With C(groups) a C(--limit) would leave parts undone.
      - All of them have to succeed. Run M(mediastore.s3.verify) without O(shard) to prove the whole.
    type: dict
    version_added: 0.2.0
    suboptions:
      index:
        description: Which part, counted from 0.
        type: int
        required: true
      count:
        description: How many parts there are.
        type: int
        required: true
  journal:
    description:
      - File on the host in which the module remembers what was proved to be in the bucket, so that unchanged files are not
        read again. Its directory is made if it is missing.
      - It is tied to store, bucket, prefix and O(shard), and refused for others.
      - It must not be inside O(path), and should be on a local filesystem.
    type: path
  encryption:
    description:
      - How the store encrypts the objects, V(AES256) with keys of its own, V(aws:kms) with those of a key server. Without it the
        bucket's setting counts.
      - The ETags of V(aws:kms) tell nothing. The proof of an object is then a checksum that the store compares, where it is known
        to (C(checks) among its capabilities), or else reading it back.
    type: str
    choices: [AES256, "aws:kms"]
    version_added: 0.2.0
  kms_key_id:
    description: The key with O(encryption=aws:kms). Without it the store's usual one is taken.
    type: str
    version_added: 0.2.0
  sse_customer_key:
    description:
      - Key of 32 bytes in base64, with which the store encrypts the objects (SSE-C). The store does not keep it.
      - The ETags of such objects tell nothing. The proof is then the same as with O(encryption=aws:kms).
    type: str
  part_size:
    description:
      - Files above this size are sent in parts of this size, for example V(16M).
      - Larger parts are taken by themselves where a file would need more of them than the store allows.
    type: bytes
    default: 8M
  concurrency:
    description:
      - How many objects are transferred at once, from 1 to 256.
      - Left out, it is found out while it works. It begins with 16, takes more (up to 128) as long as that moves more, which it
        does if the store is far away, and half as many if the store says more than now and then that it is asked too much
        (503, SlowDown, 429).
    type: int
  samples:
    description: How many names of each kind the result shows.
    type: int
    default: 10
  progress:
    description:
      - Whether the controller shows files, bytes, rate and remaining time while the module runs.
      - V(auto) does so if the standard error of C(ansible-playbook) is a terminal. Showing it costs some
        seconds, so it is not done for a sync against the journal, during which an application may be stopped.
      - Without it, and with C(async), the module runs like any other.
    type: str
    choices: [auto, always, never]
    default: auto
  progress_file:
    description: File on the host to which the module writes its progress as JSON, twice a second.
    type: path
  engine:
    description:
      - What moves the objects. Whatever it is, the same is sent, proved and returned.
      - V(obstore) needs the Python library C(obstore), version 0.11 or newer, beside boto3, for the module's Python or in the
        virtual environment C(/opt/mediastore/venv), which then has Python 3.10 or newer. It moves small objects with a fraction
        of boto3's processor time. Listings, uploads above 1 MiB and keys with empty parts stay with boto3.
      - V(boto3) needs nothing else.
      - V(auto) takes V(obstore) where it is installed, else V(boto3). It looks into the virtual environment only if much may be
        moved, so not for a sync against the journal, since starting there takes a moment.
    type: str
    choices: [auto, obstore, boto3]
    default: auto
    version_added: 0.2.0
"""

    METRICS = r"""
options:
  metrics:
    description:
      - File on the host for the textfile collector of node_exporter, whose name ends in C(.prom). It is written at the end of
        each run, but not in check mode.
      - Whether the last run succeeded and when it ended is always in it. A failure that comes before the end leaves nothing else.
    type: path
    version_added: 0.2.0
"""

    PLACES = r"""
options:
  places:
    description:
      - Where the folders of O(path) go, if not all of it goes to one bucket. A file's key is O(places[].prefix) and its path
        without O(places[].folder). All else is as with one bucket, with one journal, one plan and one verdict.
      - Each file has to be in one of the folders; others are named in an error, unless they are left out with O(exclude).
      - O(bucket) then is the one that messages name. O(prefix) has to be empty.
    type: list
    elements: dict
    default: []
    version_added: 0.2.0
    suboptions:
      folder:
        description: A path below O(path), with a slash at its end. One in another one is a place of its own.
        type: str
        required: true
      bucket:
        description: The bucket. It must exist.
        type: str
        required: true
      prefix:
        description: Put in front of the rest of the path, as it is.
        type: str
        default: ""
      cache_control:
        description: Header Cache-Control of these objects. Only for uploads.
        type: str
      storage_class:
        description: Storage class of these objects. Only for uploads.
        type: str
"""

    UPLOAD = r"""
options:
  content_type:
    description: Content type of the objects. V(guess) takes it from the ending of the name.
    type: str
    default: guess
  cache_control:
    description: Header Cache-Control of the objects.
    type: str
  metadata:
    description:
      - User metadata of the objects.
      - The time of the file is always added as C(mtime), which rclone and s3fs read, too.
    type: dict
    default: {}
  acl:
    description: Canned ACL of the objects, for example V(public-read). Not all stores have ACLs.
    type: str
  private:
    description:
      - Patterns, as those of O(exclude), of what is stored without O(acl), for an application that keeps things among its public
        media which nobody but their owners may read.
      - It hides nothing from a bucket policy that lets everybody read.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  storage_class:
    description: Storage class of the objects, for example V(STANDARD_IA).
    type: str
  content_disposition:
    description: Header Content-Disposition of the objects, for example V(attachment).
    type: str
    version_added: 0.2.0
  headers:
    description:
      - A file with a line of JSON for each path below O(path) whose object has headers of its own, C(path) and any of
        C(content_type), C(cache_control), C(content_disposition) and C(metadata). They take the place of what holds for all.
      - Only what is appended to it is read the next time. An index of it is kept beside it.
      - A line with C(complete_until) alone, in seconds since 1970, says up to when it is complete. A file below O(path) that has
        changed since and is not in it is left for the next run, and counted as C(unsettled).
      - They are for what is uploaded, and no reason to upload.
    type: path
    version_added: 0.2.0
"""
