# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the policy of an application's bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
name: app_policy
short_description: Bucket policy for an application, by name
version_added: 0.2.0
description:
  - Makes the policy of a bucket that one application uses. It names the application's user, and goes to
    O(mediastore.s3.bucket_policy#module:policy).
  - For the policy of the user itself, which names nobody, there is P(mediastore.s3.key_policy#filter).
    Either of the two is enough where user and bucket belong to the same account. MinIO asks the policy of a bucket only
    about requests without a key, so there the user needs its own.
  - The policies are in AWS's language. Scaleway has its own; give O(mediastore.s3.bucket_policy#module:policy) a
    policy of one's own there.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, preset
options:
  _input:
    description: Name of the bucket.
    type: str
    required: true
  preset:
    description:
      - What the principals may do.
      - V(read_only) is to list the bucket and to get objects.
      - V(read_write) is what an application needs, and no more. Beside that it may put and delete objects, and begin, resume and
        abort uploads in parts. It may not change the bucket, its settings or its policy, nor delete versions.
      - V(mastodon) is V(read_write), and everybody may get (but not list) what is public in Mastodon, which is
        C(accounts/), C(cache/), C(custom_emojis/), C(media_attachments/), C(preview_cards/) and C(site_uploads/).
        The archives in C(backups/) and the lists in C(imports/) stay closed; Mastodon signs its own links to them.
      - V(zulip_uploads), V(zulip_avatars) and V(zulip_exports) are the policies in Zulip's documentation, word for word.
        V(zulip_avatars) lets everybody get the objects of the bucket.
      - V(matrix_full) is the statement in the documentation of matrix-docker-ansible-deploy with a principal.
        It allows B(everything), to delete the bucket as well. V(read_write) is enough for Synapse.
    type: str
    required: true
    choices: [mastodon, matrix_full, read_only, read_write, zulip_avatars, zulip_exports, zulip_uploads]
  principals:
    description:
      - The users, in the store's spelling.
      - For example V(arn:aws:iam::123456789012:user/zulip) on AWS, V(arn:aws:iam:::user/zulip) on Ceph.
    type: list
    elements: str
    required: true
  prefix:
    description:
      - Beginning of the keys, for a bucket that several applications share. Empty means all.
      - End it with a slash, or V(media) also means keys that begin with C(media-private/).
      - Listing is limited to it as well. Then AWS and Ceph say of an object that is missing that access is denied,
        and all stores say so when they are asked whether the bucket is there (HeadBucket).
        An application that cannot bear this needs a bucket of its own.
      - Refused by the presets that are kept word for word.
    type: str
    default: ""
  acl:
    description:
      - Whether they may also set the ACLs of objects, which is what C(S3_PERMISSION=public-read) makes Mastodon do.
      - Only for V(read_write) and V(mastodon). With V(read_write), an object is public by its ACL alone, so Mastodon can hide the
        media of suspended accounts. With V(mastodon) they stay public.
      - MinIO refuses a policy with it.
    type: bool
    default: false
seealso:
  - module: mediastore.s3.bucket_policy
  - plugin: mediastore.s3.key_policy
    plugin_type: filter
  - plugin: mediastore.s3.merge_policies
    plugin_type: filter
  - plugin: mediastore.s3.public_read_policy
    plugin_type: filter
  - name: Zulip, S3 bucket policy
    description: Where the policies of Zulip come from.
    link: https://zulip.readthedocs.io/en/latest/production/upload-backends.html#s3-bucket-policy
  - name: matrix-docker-ansible-deploy, storing media on S3
    description: Where the policy V(matrix_full) comes from.
    link: https://github.com/spantaleev/matrix-docker-ansible-deploy/blob/master/docs/configuring-playbook-s3.md
"""

EXAMPLES = r"""
- name: Show the policy of a bucket for a Synapse that has it for itself
  ansible.builtin.debug:
    msg: "{{ 'media' | mediastore.s3.app_policy('read_write', principals=['arn:aws:iam:::user/synapse']) }}"

- name: Show the policies of Zulip's two buckets
  ansible.builtin.debug:
    msg: "{{ item.name | mediastore.s3.app_policy(item.preset, principals=['arn:aws:iam::123456789012:user/zulip']) }}"
  loop:
    - {name: example-zulip-uploads, preset: zulip_uploads}
    - {name: example-zulip-avatars, preset: zulip_avatars}

- name: Mastodon reads and writes, and everybody reads what is public
  mediastore.s3.bucket_policy:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    policy: "{{ 'media' | mediastore.s3.app_policy('mastodon', principals=['arn:aws:iam:::user/mastodon']) }}"
"""

RETURN = r"""
_value:
  description: The policy, for O(mediastore.s3.bucket_policy#module:policy).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._core import policies
from ..module_utils._core.errors import BadInput


def app_policy(bucket: str, preset: str, principals: list[str], prefix: str = "", acl: bool = False) -> dict[str, t.Any]:
    """The policy of the bucket, or one clear error."""
    try:
        return policies.for_bucket(bucket, preset, principals, prefix, acl)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"app_policy": app_policy}
