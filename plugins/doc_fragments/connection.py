# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that every module of the group ``store`` has."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of CONNECTION in ``module_utils/_base/argspec.py``."""

    DOCUMENTATION = r"""
options:
  endpoint_url:
    description:
      - URL of the store's S3 interface, for example V(https://s3.example.org) or V(http://127.0.0.1:9000).
      - Not needed for V(provider=aws), nor where the provider's URL follows from O(region), as with V(provider=b2).
    type: str
  region:
    description:
      - Region to sign for, and where buckets are created.
      - If it is not given, the provider's usual one is taken; with V(provider=aws) boto looks into its configuration.
    type: str
  access_key:
    description:
      - Access key.
      - Without O(access_key) and O(secret_key), boto looks for credentials itself, for example in the environment
        and in C(~/.aws/credentials) of the user who runs the task on the host.
    type: str
  secret_key:
    description: Secret key that belongs to O(access_key).
    type: str
  session_token:
    description: Session token that belongs to temporary keys.
    type: str
  profile:
    description: Profile in boto's own configuration files that holds the keys. Cannot be used with O(access_key).
    type: str
  provider:
    description:
      - What kind of store it is. The modules know what it can do, and refuse before the first request what it cannot.
      - What is known about each, and how well, is in the collection's C(docs/providers.md).
      - V(generic) is any S3 endpoint of which nothing is known. Every setting of a bucket is then read before it is
        written, to find out whether the store knows it.
      - If it is not given, it is V(generic) with O(endpoint_url), and V(aws) without.
    type: str
    choices: [aws, b2, ceph, digitalocean, garage, gcs, generic, hetzner, idrive, linode, minio, ovh, r2, rclone, scaleway,
              seaweedfs, storj, versitygw, wasabi]
  capabilities:
    description:
      - Where the store differs from what is known about its O(provider), in the form that M(mediastore.s3.probe) returns.
      - Only what is named is taken from here. For example, a Ceph cluster with a key server has C(facets) with
        C(encryption) set to V(store).
    type: dict
  api:
    description:
      - Which interface of the store is used to manage buckets.
      - V(native) is the store's own, which V(provider=b2) has. It needs no O(region) and no O(endpoint_url), takes the account's
        master key, and is understood by the modules that manage buckets and keys. Whoever moves or reads objects needs V(s3).
      - It needs the Python library C(b2sdk), version 2.9.1 or newer. Proxy, CA and timeouts are those of these options;
        the library tries five times whatever O(max_attempts) says.
    type: str
    choices: [s3, native]
    default: s3
    version_added: 0.2.0
  addressing_style:
    description:
      - Whether the bucket's name goes into the path of the URL (V(path)) or in front of the host name (V(virtual)).
      - If it is not given, the provider's usual one is taken.
    type: str
    choices: [path, virtual]
  validate_certs:
    description: Whether the store's certificate must be valid. Never switch this off for real data.
    type: bool
    default: true
  ca_path:
    description:
      - File on the host with the certificate of the CA that signed the store's.
      - If it is not given, the environment variable E(AWS_CA_BUNDLE) and then boto's own bundle are used.
    type: path
  proxy_url:
    description: URL of an HTTP proxy to go through.
    type: str
  admin_url:
    description:
      - URL of the store's own administration interface, for what is no part of S3, such as quotas.
      - Used with V(provider=garage), for example V(http://127.0.0.1:3903). That of V(provider=b2) is known.
    type: str
  admin_token:
    description: Token for O(admin_url).
    type: str
  connect_timeout:
    description: Seconds to wait for a connection.
    type: int
    default: 10
  read_timeout:
    description: Seconds to wait for the next bytes of an answer. Then the request is sent again, as O(max_attempts) says.
    type: int
    default: 60
  max_attempts:
    description:
      - How often a request is sent before it counts as failed. Only what can pass by itself is tried again, which is the statuses
        408, 429, 500, 502, 503, 504 and 509, a connection that cannot be made or is lost, an answer that does not come in time or
        is not whole, and bytes that were damaged on the way.
      - The pauses are 0.1, 0.4, 1.6, 6.4 and then 20 seconds, shortened by a random part, so five attempts take about six
        seconds. While the store asks for fewer requests (429, 503 or C(SlowDown)) it gets nearly twice as many, nine instead of
        five, which takes about a minute.
      - With V(1) nothing is tried again.
    type: int
    default: 5
requirements:
  - boto3 >= 1.26 on the host that runs the module, for its Python or in a virtual environment in C(/opt/mediastore/venv)
notes:
  - Set these options once for all modules with C(module_defaults) and the group C(mediastore.s3.store).
"""
