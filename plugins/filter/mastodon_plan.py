# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the role mastodon."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mastodon_plan
short_description: What Mastodon's settings for a bucket come to
version_added: 0.2.0
description:
  - Turns the settings of the role P(mediastore.s3.mastodon#role) into the lines of C(.env.production), and says what is wrong
    with them, or with what is in the file already. Mastodon starts with nonsense in it, so it has to be said before.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, provider, file
options:
  _input:
    description: The settings, one for each variable C(mastodon_media_*) that is about the bucket.
    type: dict
    required: true
  provider:
    description: What M(mediastore.s3.provider_info) returns as C(provider).
    type: dict
    required: true
  file:
    description: The content of C(.env.production).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Learn what the store can do
  mediastore.s3.provider_info:
    provider: garage
    endpoint_url: https://s3.example.org
  register: store

- name: Show the lines
  ansible.builtin.debug:
    msg: "{{ (settings | mediastore.s3.mastodon_plan(store.provider)).block }}"
  vars:
    settings: {bucket: example-mastodon, access_key: key, secret_key: secret, alias_host: files.example.org}
"""

RETURN = r"""
_value:
  description:
    - C(block) is the lines, C(problems) a sentence or two for each thing that is wrong, C(acl) the canned ACL of each object or
      nothing, C(media_host) where visitors find media, C(media_hosts) the value of C(EXTRA_MEDIA_HOSTS) with it, C(media_url)
      below which address they are, C(site_url) where Mastodon itself is, and C(enabled) whether the file has Mastodon on a bucket
      already.
  type: dict
"""

import typing as t

from ..plugin_utils import _mastodon


def mastodon_plan(settings: dict[str, t.Any], provider: dict[str, t.Any], file: str = "") -> dict[str, t.Any]:
    """The lines, and what is wrong."""
    return _mastodon.plan(settings, provider, file)


class FilterModule:
    """Ansible finds the filters here."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mastodon_plan": mastodon_plan}
