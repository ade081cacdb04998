# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the role zulip."""

from __future__ import annotations

DOCUMENTATION = r"""
name: zulip_plan
short_description: What Zulip's settings for its buckets come to
version_added: 0.2.0
description:
  - Turns the settings of the role P(mediastore.s3.zulip#role) into Zulip's three files, and says what is wrong with them, or with
    what is in the files already.
  - All lines that are not concerned stay as they are. C(LOCAL_UPLOADS_DIR) is commented out. What comes of C(settings.py) is
    compiled, and what comes of the others is read as Zulip does; what would not be right is said, and nothing changed.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, provider, files
options:
  _input:
    description: The settings, one for each variable C(zulip_media_*) that is about the buckets.
    type: dict
    required: true
  provider:
    description: What M(mediastore.s3.provider_info) returns as C(provider).
    type: dict
    required: true
  files:
    description:
      - The content of C(settings.py) as C(settings), of C(zulip-secrets.conf) as C(secrets), and of C(zulip.conf) as C(conf).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Learn what the store can do
  mediastore.s3.provider_info:
    provider: garage
    endpoint_url: https://s3.example.org
  register: store

- name: Show the settings
  ansible.builtin.debug:
    msg: "{{ (settings | mediastore.s3.zulip_plan(store.provider)).settings }}"
  vars:
    settings:
      uploads_bucket: example-zulip-uploads
      avatars_bucket: example-zulip-avatars
      exports_bucket: example-zulip-exports
      access_key: key
      secret_key: secret
"""

RETURN = r"""
_value:
  description:
    - C(settings), C(secrets) and C(conf) are the files as they have to be, C(problems) a sentence or two for each thing that is
      wrong, C(places) which folder goes to which bucket, and C(enabled) whether Zulip is on its buckets already.
  type: dict
"""

import typing as t

from ..plugin_utils import _zulip


def zulip_plan(settings: dict[str, t.Any], provider: dict[str, t.Any], files: dict[str, str] | None = None) -> dict[str, t.Any]:
    """The files, and what is wrong."""
    return _zulip.plan(settings, provider, files or {})


class FilterModule:
    """Ansible finds the filters here."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"zulip_plan": zulip_plan}
