#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say why media are not seen, and what heals it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor
short_description: Say why media are not seen, and what heals it
version_added: 0.2.0
description:
  - Looks at what stands between an application, its media and those who look at them. That is the way to the store, the key, each
    bucket and a sample of its media, mounts, disks, DNS servers and migrations.
  - Each thing that is wrong is called by a stable name, with what was seen, what causes it and what to do.
  - It changes nothing and uploads nothing. So it cannot tell whether a key may write, or whether everybody may.
  - What causes other things is said first. If the store cannot be reached, its buckets are not looked at.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.tree.metrics
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: It changes nothing but the file of O(metrics).
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  url:
    description:
      - The address of a medium that is not shown. Which bucket and object it means is found out by O(buckets).
      - Without O(buckets) only what answers there is judged.
    type: str
  buckets:
    description: The buckets as they are meant.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the bucket.
        type: str
        required: true
      expect:
        description: Who is meant to read its objects, nobody without a key or everybody. With V(any) it is not looked at.
        type: str
        choices: [private, public_read, any]
        default: private
      public_url:
        description: Address below which visitors find the objects, such as that of a cache or a CDN.
        type: str
        default: ""
      page_url:
        description: Address of a page on which media are seen. Its C(Content-Security-Policy) has to let them be shown.
        type: str
        default: ""
      links_url:
        description: Address of an answer of the application that names media. Needs C(key_pattern).
        type: str
        default: ""
      path:
        description:
          - A directory on the host that has or had the same files. The sample is taken from there, which also shows what was
            never copied. What is not there either is looked for in the backup of a migration beside it (C(path.before-s3)).
          - The directories of those O(migrations) that lead to this bucket are looked at anyway.
        type: path
        default: ""
      key_pattern:
        description: A regular expression, in Python's syntax, for what a key of the application looks like.
        type: str
        default: ""
      lifecycle:
        description: The lifecycle rules that are meant, in the words of M(mediastore.s3.lifecycle). Others must not delete media.
        type: list
        elements: dict
        default: []
  keys:
    description: The objects to look at in each bucket. Without them it is a sample.
    type: list
    elements: str
    default: []
  sample:
    description: How many objects of each bucket to look at.
    type: int
    default: 20
  connect_to:
    description: Where to connect to instead of where DNS says, as in M(mediastore.s3.media_check).
    type: dict
    default: {}
  app_checksums:
    description:
      - V(when_supported) if the application's own library sends checksums that nobody asked for, as boto3 does since 1.36. Then
        it is seen whether the store takes them.
    type: str
    choices: [when_required, when_supported]
    default: when_required
  mounts:
    description: The mounts of this host.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the mount.
        type: str
        required: true
      path:
        description: Where it has to be mounted.
        type: path
        required: true
      owner:
        description: The user who has to be able to write there.
        type: str
        default: ""
  mount_timeout:
    description: Seconds after which a mount that does not answer counts as hung.
    type: int
    default: 10
  directories:
    description: Directories into which this host writes, whose disks must not be full.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory. If it does not exist it is about where it would be.
        type: path
        required: true
      owner:
        description: The user who has to be able to write there.
        type: str
        default: ""
  migrations:
    description: The migrations of this host, which must not be cut off.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the migration.
        type: str
        required: true
      state_dir:
        description: Where its state is kept.
        type: path
        default: /var/lib/mediastore
  nameservers:
    description: DNS servers that have to know the store, such as those that nginx asks. With a port as nginx writes it.
    type: list
    elements: str
    default: []
seealso:
  - module: mediastore.s3.media_check
  - module: mediastore.s3.anonymous_access
  - module: mediastore.s3.key_access
  - module: mediastore.s3.probe
"""

EXAMPLES = r"""
- name: Find out why an avatar is blank
  mediastore.s3.doctor:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    url: https://media.example.org/accounts/avatars/109/302/001/original/0a1b.png
    buckets:
      - name: example-mastodon-media
        expect: public_read
        public_url: https://media.example.org
        path: /home/mastodon/live/public/system
  register: seen

- name: Say it
  ansible.builtin.debug:
    msg: "{{ seen.report }}"

- name: Ask whether a mount is alive and its cache has room
  mediastore.s3.doctor:
    mounts:
      - name: media
        path: /srv/media
        owner: synapse
    directories:
      - path: /var/lib/mediastore/mounts/media
"""

RETURN = r"""
healthy:
  description: Whether nothing was found.
  returned: success
  type: bool
findings:
  description: Each class of what is wrong in each place, causes before what they cause. The guide lists the classes.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The stable name of the class.
      type: str
      sample: region
    where:
      description: What it is about.
      type: str
      sample: store https://s3.example.org
    count:
      description: How often it was seen.
      type: int
    seen:
      description: Up to three examples.
      type: list
      elements: str
    cause:
      description: What causes it.
      type: str
    fix:
      description: What to do.
      type: str
    settings:
      description: The options of the connection that are right, where that is known.
      type: dict
      sample: {region: eu-central-1}
  sample: []
checked:
  description: How many things were looked at.
  returned: success
  type: int
  sample: 24
report:
  description: The findings in lines for a person.
  returned: success
  type: list
  elements: str
"""

import re
import typing as t
from collections import Counter
from urllib.parse import urlsplit

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.doctoring import ANY, Doctor, Ward
from ..module_utils._base.module import StoreModule
from ..module_utils._base.telling import METRICS, Number, Numbers, check_metrics_file, told
from ..module_utils._core import access
from ..module_utils._core.bucketname import check_name
from ..module_utils._core.diagnosis import sentences, together
from ..module_utils._core.errors import BadInput

TEXT: dict[str, t.Any] = {"type": "str", "default": ""}
OWNED: dict[str, t.Any] = {"path": {"type": "path", "required": True}, "owner": TEXT}
NAMED: dict[str, t.Any] = {"name": {"type": "str", "required": True}}


def _list(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


WARD = {
    **NAMED,
    "expect": {"type": "str", "choices": [*access.EXPECTATIONS, ANY], "default": access.PRIVATE},
    "public_url": TEXT,
    "page_url": TEXT,
    "links_url": TEXT,
    "path": {"type": "path", "default": ""},
    "key_pattern": {**TEXT, "no_log": False},
    "lifecycle": {"type": "list", "elements": "dict", "default": []},
}
SPEC = ArgSpec(
    {
        "url": {"type": "str"},
        "buckets": _list(WARD),
        "keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "sample": {"type": "int", "default": 20},
        "connect_to": {"type": "dict", "default": {}},
        "app_checksums": {"type": "str", "choices": ["when_required", "when_supported"], "default": "when_required"},
        "mounts": _list({**NAMED, **OWNED}),
        "mount_timeout": {"type": "int", "default": 10},
        "directories": _list(OWNED),
        "migrations": _list({**NAMED, "state_dir": {"type": "path", "default": "/var/lib/mediastore"}}),
        "nameservers": {"type": "list", "elements": "str", "default": []},
    }
).merge(METRICS)
TRIED = "examine the store"


def examine(module: StoreModule) -> dict[str, t.Any]:
    """Look at everything, say what is wrong, and tell the monitoring."""
    metrics = check_metrics_file(module.params["metrics"], TRIED)
    wards = asked(module.params)
    return told(module, "doctor", metrics, {}, lambda: look(module, wards), numbers)


def numbers(result: dict[str, t.Any]) -> list[Number | Numbers]:
    """What the monitoring reads besides; a class that is not there any more is not told any more."""
    seen = Counter(entry["name"] for entry in result["findings"])
    classes = [({"class": name}, float(count)) for name, count in seen.items()]
    return [
        ("findings", "What is wrong, each class once for each place.", len(result["findings"])),
        ("checked", "Things that were looked at.", result["checked"]),
        *([("finding", "Places where that is wrong.", classes)] if classes else []),
    ]


def look(module: StoreModule, wards: list[Ward]) -> dict[str, t.Any]:
    """Look at everything, and say what is wrong."""
    doctor = Doctor(module, wards)
    findings = together(doctor.look())
    return {
        "changed": False,
        "healthy": not findings,
        "findings": findings,
        "checked": doctor.checked,
        "report": sentences(findings),
    }


def asked(params: t.Mapping[str, t.Any]) -> list[Ward]:
    """The buckets, after refusing what cannot be meant."""
    for name in ("sample", "mount_timeout"):
        if params[name] < 1:
            raise BadInput(TRIED, said=f"{name} is {params[name]}", remedy="Use 1 or more.")
    check_url("url", params["url"])
    for said in params["buckets"]:
        check_name(said["name"], TRIED)
        for name in ("public_url", "page_url", "links_url"):
            check_url(f"{name} of bucket {said['name']}", said[name])
        if said["links_url"] and not said["key_pattern"]:
            raise BadInput(
                TRIED, said="links_url is given without key_pattern", remedy="Say what a key looks like in the addresses."
            )
        try:
            re.compile(said["key_pattern"])
        except re.error as exc:
            raise BadInput(TRIED, said=f"key_pattern is no regular expression ({exc})", remedy="Correct it.") from exc
    return [Ward(**{**said, "public_url": said["public_url"].rstrip("/")}) for said in params["buckets"]]


def check_url(name: str, url: str | None) -> None:
    """Refuse what is no address."""
    parts = urlsplit(url or "https://-")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadInput(TRIED, said=f"{name} is no address", remedy="Write it as https://host or https://host/path.")


def main() -> None:
    StoreModule(SPEC).run(examine)


if __name__ == "__main__":
    main()
