#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change, rotate and remove access keys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_key
short_description: Manage access keys of S3-compatible storage, and what they may do
version_added: 0.2.0
description:
  - Makes sure that there is a key of a O(name) that may do what O(grants) says, and nothing else.
  - The words are the same for every store. What they become there is its own affair. It is a user with a policy on AWS, Ceph
    and MinIO, permissions of a key on buckets on Garage, an application key on Backblaze B2, an account and statements in the
    policies of buckets on versitygw, and what their APIs have on Cloudflare R2, DigitalOcean, Linode and Scaleway.
  - What a store cannot express is refused before anything is sent.
  - A secret is shown once by most stores. O(secret_file) and O(secret_vault) keep it where nobody loses it. It is noted there
    which keys exist B(before) a key is made, so a run that is killed in between leaves a key that the next run recognises as
    nobody's, and deletes.
  - A second run makes no second key.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.settles
  - mediastore.s3.attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
    details: The result of a job would lie on the host as a file, with the secret in it.
  bypass_host_loop:
    support: none
options:
  name:
    description:
      - Name of the key, or of the user that the key belongs to where a store has users.
      - Letters, digits and hyphens, 3 to 64 of them.
    type: str
    required: true
  state:
    description:
      - Whether there should be such a key (V(present)), or neither the name nor any of its keys (V(absent)).
      - V(absent) also removes what O(secret_file) or O(secret_vault) has kept of it.
    type: str
    choices: [present, absent]
    default: present
  grants:
    description:
      - What the key may do. It may do nothing that is not named.
      - Needed to make a key. If it is not given, what an existing key may do is left as it is.
      - On Backblaze B2 and Linode what a key may do cannot be changed. There another key is made with O(rotate).
    type: list
    elements: dict
    suboptions:
      bucket:
        description: Name of the bucket.
        type: str
        required: true
      prefix:
        description:
          - Beginning of the keys of the objects, for a bucket that several applications share. Empty means all.
          - End it with a slash. Refused by stores whose keys are for whole buckets.
        type: str
        default: ""
      preset:
        description:
          - What an application or a job needs. Cannot be used with O(grants[].rights).
          - A store that tells fewer rights apart gives the least that holds what is needed. The result shows what that is.
          - V(read_only) is to list and read.
          - V(read_write), V(mastodon) and V(zulip) are to list, read, write and delete.
          - V(synapse) is to list, read and write. Synapse's storage provider never deletes.
          - V(migration) is V(read_write) with tags, for a synchronisation; take the key away afterwards.
          - V(storage_class) is what M(mediastore.s3.storage_class) needs. It cannot delete.
        type: str
        choices: [mastodon, migration, read_only, read_write, storage_class, synapse, zulip]
      rights:
        description:
          - The rights one by one. They are given exactly, or refused where a store cannot tell them apart.
          - V(list) is to list the bucket, V(read) to get objects, V(write) to put them, in one piece or in parts, V(delete) to
            delete them, V(tags) and V(acl) to read and write their tags and ACLs.
        type: list
        elements: str
        choices: [acl, delete, list, read, tags, write]
  expires:
    description:
      - When the key ends by itself, in UTC, for example V(2027-01-31) or V(2027-01-31T12:00:00Z), where the store has that.
      - It is set when a key is made. An existing key keeps its own; the result shows it.
    type: str
  rotate:
    description:
      - Make another key although there is one, and keep its secret. The one before stays as it is, and is kept as well until
        O(others=delete) removes it.
      - With O(secret_file) or O(secret_vault) a rotation that has begun is not begun again. Without them each run makes a key.
    type: bool
    default: false
  others:
    description:
      - What becomes of the keys of this name beside the one in use.
      - V(keep) leaves them as they are, V(disable) switches them off and V(enable) on again where the store can, V(delete)
        deletes them.
      - The key in use is the one whose secret is kept, or that O(kept) names. Where nobody says so, nothing is done.
    type: str
    choices: [keep, enable, disable, delete]
    default: keep
  secret_file:
    description:
      - A file on the host for the key and its secret. It is written before the task ends, and the secret is in no result.
      - A file that holds anything else is refused.
    type: dict
    suboptions:
      path:
        description: Path of the file. Its directory must exist.
        type: path
        required: true
      format:
        description:
          - V(json) is an object with C(access_key) and C(secret_key).
          - V(aws) is a credentials file of boto, the AWS CLI, goofys and rclone.
          - V(env) has C(AWS_ACCESS_KEY_ID) and C(AWS_SECRET_ACCESS_KEY), for the C(EnvironmentFile) of systemd, or a shell.
        type: str
        choices: [aws, env, json]
        default: json
      profile:
        description: Name of the profile in a file of format V(aws).
        type: str
        default: default
      owner:
        description: User that the file belongs to. If it is not given, that of the file that is there, or the user of the task.
        type: str
      group:
        description: Group that the file belongs to. If it is not given, the primary group of O(secret_file.owner).
        type: str
      mode:
        description: Mode of the file. Others may have no right to it.
        type: str
        default: "0600"
  secret_vault:
    description:
      - A file on the controller, encrypted with ansible-vault, for the key and its secret. The result has no secret.
      - The file may hold the keys of several names, and nothing else. Put it into C(host_vars/HOST/) or C(group_vars/GROUP/),
        and the secret is C(mediastore_secrets.NAME.secret_key) from the next run on.
      - The password is the one that C(ansible-playbook) was given. Without one the task fails before a key is made.
    type: dict
    suboptions:
      path:
        description: Path of the file. Its directory must exist. A path that is not absolute is relative to the playbook.
        type: str
        required: true
      variable:
        description: Name of the variable, a dictionary of the names of keys.
        type: str
        default: mediastore_secrets
      vault_id:
        description: Vault ID to encrypt with. If it is not given, the file's own, or the first that there is.
        type: str
  kept:
    description:
      - What is known of the key, for somebody who keeps secrets in another place. O(secret_file) and O(secret_vault) need nothing
        of it.
    type: dict
    suboptions:
      current:
        description: Access key of the key in use.
        type: str
      previous:
        description: Access key of the one before, while a rotation is under way.
        type: str
      unfinished:
        description:
          - Access keys that there were before a run that did not end. Any other key is deleted, except those named here, since
            nobody knows its secret.
        type: list
        elements: str
seealso:
  - module: mediastore.s3.access_key_info
  - module: mediastore.s3.key_access
  - plugin: mediastore.s3.key_policy
    plugin_type: filter
notes:
  - The task needs an administrator's key, or the store's own interface. On AWS, Wasabi, Ceph, MinIO and versitygw
    O(access_key) and O(secret_key) are an administrator's. On Garage, Cloudflare R2, DigitalOcean, Linode and Scaleway
    O(admin_token) is needed, and on Garage O(admin_url). On Backblaze B2 O(access_key) and O(secret_key) are a key that may make
    keys.
  - On Ceph every key is a user of its own, called like O(name) with a time behind it, since Ceph 16 to 19 forget the policy of a
    user when its keys change. Whoever owns a bucket that a key may write to gets the policy C(mediastore-BUCKET), without which
    the owner could not read what the key has written. It stays when the key goes.
  - A result with a secret in it is never shown, as if C(no_log) had been set. It can still be registered.
"""

EXAMPLES = r"""
- name: A key for Synapse, kept in a vault beside the host's variables
  mediastore.s3.access_key:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_admin_access_key }}"
    secret_key: "{{ vault_admin_secret_key }}"
    name: example-synapse
    grants:
      - bucket: example-synapse-media
        preset: synapse
    secret_vault:
      path: "{{ inventory_dir }}/host_vars/matrix.example.org/keys.yml"

- name: A key for a backup job of this host that reads two buckets
  mediastore.s3.access_key:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_admin_access_key }}"
    secret_key: "{{ vault_admin_secret_key }}"
    name: example-backup
    grants:
      - bucket: example-synapse-media
        rights: [list, read]
      - bucket: example-zulip-uploads
        rights: [list, read]
    secret_file:
      path: /root/backup.credentials
      format: aws

- name: Another key for the same job; the one before goes on to work
  mediastore.s3.access_key:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_admin_access_key }}"
    secret_key: "{{ vault_admin_secret_key }}"
    name: example-backup
    rotate: true
    secret_file:
      path: /root/backup.credentials
      format: aws

- name: The one before is no longer needed
  mediastore.s3.access_key:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_admin_access_key }}"
    secret_key: "{{ vault_admin_secret_key }}"
    name: example-backup
    others: delete
    secret_file:
      path: /root/backup.credentials
      format: aws

- name: No such key
  mediastore.s3.access_key:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_admin_access_key }}"
    secret_key: "{{ vault_admin_secret_key }}"
    name: example-backup
    state: absent
    secret_file:
      path: /root/backup.credentials
      format: aws
"""

RETURN = r"""
access_key:
  description:
    - Access key of the key in use, of the newest one where nobody says which that is, or nothing if there is none.
    - V((new\)) in a check run that would make one.
  returned: success
  type: str
  sample: 3QF0OIY2A1XP5Q5KXBGT
secret_key:
  description:
    - The secret, if it is known now and kept nowhere. That is when a key was made without O(secret_file) and O(secret_vault).
    - Nothing otherwise, and C(notes) says why.
  returned: success
  type: str
secret_kept:
  description: Where the secret is kept, or nothing.
  returned: success
  type: str
  sample: /root/backup.credentials
grants:
  description: What the key may do, or nothing if that is something that grants cannot say.
  returned: success
  type: list
  elements: dict
  sample: [{bucket: example-synapse-media, prefix: "", rights: [list, read, write]}]
access_keys:
  description: All keys of the name, the oldest first.
  returned: success
  type: list
  elements: dict
  contains: &access_keys
    access_key:
      description: Its access key.
      type: str
    active:
      description: Whether the store lets it in.
      type: bool
    created:
      description: When it was made, in UTC, or nothing where the store does not say.
      type: str
    expires:
      description: When it ends by itself, in UTC, or nothing.
      type: str
    last_used:
      description: When it was last used, in UTC, or nothing where the store does not say.
      type: str
rotating:
  description: Whether the key before the one in use is still there, and its secret is kept.
  returned: success
  type: bool
kept:
  description: What the option O(kept) takes in the next run.
  returned: success
  type: dict
notes:
  description: What a person should know about this run, as sentences.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ..module_utils._base.accesskey import Settling, result_of
from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.keyplace import OTHERS, key_place, wish_of
from ..module_utils._base.keyringmodule import KeyringModule
from ..module_utils._core.grants import PRESETS, RIGHTS
from ..module_utils._core.keyrecord import FORMATS

GRANT = {
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "preset": {"type": "str", "choices": sorted(PRESETS)},
    "rights": {"type": "list", "elements": "str", "choices": sorted(RIGHTS)},
}
SECRET_FILE = {
    "path": {"type": "path", "required": True, "no_log": False},
    "format": {"type": "str", "choices": list(FORMATS), "default": "json"},
    "profile": {"type": "str", "default": "default"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str", "default": "0600"},
}
SECRET_VAULT = {
    "path": {"type": "str", "required": True},
    "variable": {"type": "str", "default": "mediastore_secrets"},
    "vault_id": {"type": "str"},
}
KEPT = {
    "current": {"type": "str"},
    "previous": {"type": "str"},
    "unfinished": {"type": "list", "elements": "str"},
}
SPEC = ArgSpec(
    {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "grants": {"type": "list", "elements": "dict", "options": GRANT, "mutually_exclusive": [("preset", "rights")]},
        "expires": {"type": "str"},
        "rotate": {"type": "bool", "default": False},
        "others": {"type": "str", "choices": list(OTHERS), "default": "keep"},
        "secret_file": {"type": "dict", "options": SECRET_FILE, "no_log": False},
        "secret_vault": {"type": "dict", "options": SECRET_VAULT, "no_log": False},
        "kept": {"type": "dict", "options": KEPT},
    },
    mutually_exclusive=[("secret_file", "secret_vault"), ("secret_file", "kept")],
)


def settle_key(module: KeyringModule) -> dict[str, t.Any]:
    """Make sure of the key, or of none."""
    wish = wish_of(module)
    place = key_place(module)
    with Settling(module.keyring(wish.tried), module.profile, wish, place, dry=module.check_mode) as settling:
        before, after = settling.absent() if module.params["state"] == "absent" else settling.present()
    return result_of(settling, before, after, module.diff_asked)


def main() -> None:
    KeyringModule(SPEC).run(settle_key)


if __name__ == "__main__":
    main()
