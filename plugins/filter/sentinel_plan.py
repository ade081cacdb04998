# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for what the role sentinel watches."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sentinel_plan
short_description: What must be private of the buckets in host_vars
version_added: 0.2.0
description:
  - Turns the entries of C(mediastore_buckets) into those of O(mediastore.s3.sentinel#module:buckets).
  - Of a bucket that is public with a prefix, nobody may read what is outside of it. Of one that is public as a whole nobody may
    list, nor read the O(private) folders of the application that has it. Of all others nobody may do anything.
  - Other entries (O(more)) replace those of the same bucket.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input
options:
  _input:
    description: The buckets, as in C(mediastore_buckets).
    type: list
    elements: dict
    required: true
  more:
    description: Entries of one's own, as in O(mediastore.s3.sentinel#module:buckets).
    type: list
    elements: dict
    default: []
  private:
    description: Beginnings of keys that are private in a bucket that is public, by the name of the bucket.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: See what is watched
  ansible.builtin.debug:
    msg: "{{ buckets | mediastore.s3.sentinel_plan(private={'social': ['backups/', 'imports/']}) }}"
  vars:
    buckets:
      - name: uploads
        preset: private
      - name: social
        preset: public_read
"""

RETURN = r"""
_value:
  description: The buckets, in the options of the module.
  type: list
  elements: dict
"""

import typing as t

from ..module_utils._core.access import PUBLIC_READ

Entry = t.Dict[str, t.Any]


def sentinel_plan(
    buckets: list[Entry], more: list[Entry] | None = None, private: dict[str, list[str]] | None = None
) -> list[Entry]:
    """What is asked of each bucket."""
    own = {str(entry["name"]) for entry in more or []}
    watched = [entry for entry in buckets if entry.get("state") != "absent" and str(entry["name"]) not in own]
    return [found for entry in watched for found in _watch(entry, (private or {}).get(entry["name"], []))] + list(more or [])


def _watch(entry: Entry, folders: list[str]) -> list[Entry]:
    """One entry for a bucket; two where its list and some of its objects are private."""
    url = {"public_url": entry["public_url"]} if entry.get("public_url") else {}
    bucket = {"name": entry["name"], **url}
    if PUBLIC_READ not in (entry.get("preset"), entry.get("expect")):
        return [bucket]
    if entry.get("prefix"):
        return [{**bucket, "apart": [entry["prefix"]], "may_be_empty": True}]
    # An application may have nothing there yet, or not any more.
    closed = [{**bucket, "prefixes": folders, "may_be_empty": True}] if folders else []
    return [{**bucket, "read": False}, *closed]


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"sentinel_plan": sentinel_plan}
