# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of bucket_copy."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of COPYING in ``module_utils/_base/bucketcopy.py``; apart from the module, which would be too long with them."""

    DOCUMENTATION = r"""
options:
  bucket:
    description: The bucket into which the objects are copied. It must exist, at the store that the connection names.
    type: str
    required: true
  prefix:
    description:
      - Put in front of what comes after O(source.prefix) to make the key, as it is. Give the final slash yourself.
    type: str
    default: ""
  source:
    description:
      - Where the objects come from.
      - With none of the options of a connection it is the same store. As soon as one is given, only what is said here counts, and
        nothing is taken from the connection of the destination.
    type: dict
    required: true
    suboptions:
      bucket:
        description: The bucket from which the objects are taken.
        type: str
        required: true
      prefix:
        description: Only objects whose key begins with this, which is stripped. Give the final slash of a folder yourself.
        type: str
        default: ""
      sse_customer_key:
        description: Key of 32 bytes in base64, with which the objects are encrypted (SSE-C).
        type: str
      endpoint_url:
        description: Like O(endpoint_url), of the source.
        type: str
      region:
        description: Like O(region), of the source.
        type: str
      access_key:
        description: Like O(access_key), of the source. It needs to list and read only.
        type: str
      secret_key:
        description: Like O(secret_key), of the source.
        type: str
      session_token:
        description: Like O(session_token), of the source.
        type: str
      profile:
        description: Like O(profile), of the source.
        type: str
      provider:
        description: Like O(provider), of the source.
        type: str
        choices: [aws, b2, ceph, digitalocean, garage, gcs, generic, hetzner, idrive, linode, minio, ovh, r2, rclone, scaleway,
                  seaweedfs, storj, versitygw, wasabi]
      capabilities:
        description: Like O(capabilities), of the source.
        type: dict
      api:
        description: Like O(api), of the source. It must be V(s3).
        type: str
        choices: [s3, native]
      addressing_style:
        description: Like O(addressing_style), of the source.
        type: str
        choices: [path, virtual]
      validate_certs:
        description: Like O(validate_certs), of the source. V(true) if it is not given.
        type: bool
      ca_path:
        description: Like O(ca_path), of the source.
        type: path
      proxy_url:
        description: Like O(proxy_url), of the source.
        type: str
      admin_url:
        description: Not used. It may be there so that one variable can hold the connection for all modules.
        type: str
      admin_token:
        description: Not used.
        type: str
      connect_timeout:
        description: Like O(connect_timeout), of the source. 10 if it is not given.
        type: int
      read_timeout:
        description: Like O(read_timeout), of the source. 60 if it is not given.
        type: int
      max_attempts:
        description: Like O(max_attempts), of the source. 5 if it is not given.
        type: int
  exclude:
    description:
      - Patterns of what is left out, on both sides, matched against what comes after the prefix. V(*) and V(?) stay within a
        folder, V(**) does not.
      - What matches a folder leaves out all that is in it. V(*.tmp) concerns the top folder only, V(**/*.tmp) all folders.
    type: list
    elements: str
    default: []
  compare:
    description:
      - V(auto) takes two objects of the same size for the same if their ETags say so, or O(journal) proves it.
      - V(size) looks at the size only.
    type: str
    choices: [auto, size]
    default: auto
  replace:
    description:
      - Whether an object of the destination is replaced that is not the same. With V(false) it is left and counted as C(kept).
    type: bool
    default: true
  server_side:
    description:
      - Whether the store copies by itself.
      - V(auto) has it do so if both buckets are at the same store and are reached with the same key, and no O(sse_customer_key)
        is needed.
      - V(always) insists, for a key of the destination that may read the source too.
      - V(never) has each object go through the host.
    type: str
    choices: [auto, always, never]
    default: auto
  journal:
    description:
      - File on the host in which the module remembers what was proved to be in the destination, and which uploads in parts are
        under way. Its directory is made if it is missing.
      - Without it all works, but objects whose ETags cannot be compared are copied again by each run, and what a killed run left
        of an upload in parts stays there.
      - It is tied to both stores, buckets and prefixes, and refused for others.
    type: path
  lock_wait:
    description: Seconds to wait for another run with the same O(journal) to end.
    type: int
    default: 0
  acl:
    description: Canned ACL of the copies, for example V(public-read). Not all stores have ACLs.
    type: str
  storage_class:
    description: Storage class of the copies. Without it they have the store's usual one, whatever class the objects have.
    type: str
  encryption:
    description:
      - How the store encrypts the copies, V(AES256) with keys of its own, V(aws:kms) with those of a key server. Without it
        the bucket's setting counts.
    type: str
    choices: [AES256, "aws:kms"]
  kms_key_id:
    description: The key with O(encryption=aws:kms). Without it the store's usual one is taken.
    type: str
  sse_customer_key:
    description: Key of 32 bytes in base64, with which the store encrypts the copies (SSE-C).
    type: str
  part_size:
    description:
      - Objects above this size that go through the host are sent in parts of this size. What was uploaded in parts that are not
        larger is cut again as it was, so that the ETag stays the same.
      - Four parts of an object are in memory at once.
    type: bytes
    default: 16M
  concurrency:
    description:
      - How many objects are copied at once, 1 to 256.
      - If it is not given, as many as are worth it, more while that copies more, and half as many when a store asks for fewer
        requests.
    type: int
  samples:
    description: How many names of each kind the result shows, 0 to 50.
    type: int
    default: 10
  progress:
    description:
      - Whether the controller shows objects, bytes, rate and remaining time while the module runs.
      - V(auto) does so if the standard error of C(ansible-playbook) is a terminal.
      - Without it, and with C(async), the module runs like any other.
    type: str
    choices: [auto, always, never]
    default: auto
  progress_file:
    description: File on the host to which the module writes its progress as JSON, twice a second.
    type: path
"""
