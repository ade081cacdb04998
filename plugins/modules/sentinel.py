#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask as a stranger for what must be private, and say so loudly if anybody can read it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sentinel
short_description: Notice that what must be private can be read by everybody
version_added: 0.2.0
description:
  - Asks without any key for objects that are there and for listings of buckets, as anybody on the Internet can, and fails if it
    gets them. Nothing is put, and of an object no more than a byte is read.
  - What cannot be asked is something else than what is private. A store that does not answer, and a place with no object to ask
    for, fail as well, and say so in other words.
  - Which objects there are is not known to strangers. The module draws a few of them with the key.
  - With O(job) it leaves a program that asks on the host alone. The role P(mediastore.s3.sentinel#role) runs that by a timer.
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
    details: It asks, and leaves no program, no metrics and no alarm.
  diff_mode:
    support: full
    details: Says whether the program is written.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  buckets:
    description: What must be private. Each bucket must exist. A program that holds O(targets) has none.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the bucket.
        type: str
        required: true
      prefixes:
        description: Beginnings of keys below which nobody may read. Each has a sample of its own. None means all of the bucket.
        type: list
        elements: str
        default: []
      apart:
        description: Beginnings of keys that everybody may read.
        type: list
        elements: str
        default: []
      read:
        description: Whether nobody may read. With V(false) everybody may, but not list.
        type: bool
        default: true
      public_url:
        description: URL under which the public reads objects, such as that of a CDN or a proxy. It is asked as well.
        type: str
      may_be_empty:
        description: Whether it is in order that there is no object to ask for.
        type: bool
        default: false
  samples:
    description: So many objects are asked for of each bucket or prefix.
    type: int
    default: 5
  draw:
    description:
      - When the objects are drawn that a program (O(job)) asks for. V(now) leaves their addresses in it, so it has no key and
        needs no boto3. When they are all gone, or older than O(max_age), it fails and says that nothing is known.
      - V(each_run) leaves the key in the program, which draws other objects each time. It takes that where objects do not stay,
        such as exports, and where a single object may become public.
    type: str
    choices: [now, each_run]
    default: now
  max_age:
    description: How old the sample of a program may be, for example V(90d). The module draws anew when half of that has passed.
    type: str
    default: 90d
  timeout:
    description: Seconds to go on asking where no clear answer comes. V(0) means to ask once.
    type: int
    default: 10
  alarm:
    description:
      - File on the host that is there as long as somebody has to be told of what was found, with a line for each. It is written
        when there is something new, and removed when there is nothing any more.
      - Whoever has told moves it to the same name with C(.told) at its end. Then it comes again after O(remind).
    type: path
  remind:
    description: After which time O(alarm) comes again, if nothing has changed.
    type: str
    default: 1d
  job:
    description:
      - Do not ask now. Write a program to this path instead, which asks whenever it is run with the Python of
        C(job.interpreter), without Ansible on the host and without a controller.
      - It ends with status 10 if anything is public, 11 if something was not answered, 12 if there was nothing to ask for, and
        1 if it could not work at all. It prints a line for each finding.
    type: path
  job_owner:
    description: The user who owns and runs the program, root if it is left out and the task is run by root.
    type: str
  targets:
    description: The addresses that a program asks for. The module writes them itself.
    type: list
    elements: dict
    default: []
  sampled:
    description: When O(targets) was drawn, in seconds since 1970. The module writes it itself.
    type: float
seealso:
  - module: mediastore.s3.anonymous_access
"""

EXAMPLES = r"""
---
- name: Stop if anybody can read the uploads, or list the avatars
  mediastore.s3.sentinel:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    buckets:
      - name: uploads
      - name: avatars
        read: false

- name: Leave a program that asks for the same, and has no key
  mediastore.s3.sentinel:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    buckets:
      - name: uploads
      - name: avatars
        read: false
    job: /opt/mediastore/sentinel.pyz
  register: sentinel

- name: Run it once, as a timer will
  ansible.builtin.command: "{{ sentinel.job.interpreter }} {{ sentinel.job.path }}"
  changed_when: false
"""

RETURN = r"""
private:
  description: Whether nothing was found.
  returned: when it has asked
  type: bool
  sample: true
findings:
  description: What was found, the gravest first.
  returned: when it has asked
  type: list
  elements: dict
  contains:
    kind:
      description: V(public), V(unanswered) or V(blind).
      type: str
      sample: public
    bucket:
      description: The bucket.
      type: str
      sample: uploads
    prefix:
      description: The prefix, if it is about one.
      type: str
      sample: ""
    key:
      description: The object, if it is about one.
      type: str
      sample: 2026/11/passport.pdf
    subject:
      description: What it is about, in a few words.
      type: str
      sample: EVERYBODY CAN READ bucket uploads
    said:
      description: What the store answered.
      type: str
      sample: "key 2026/11/passport.pdf: 206"
    remedy:
      description: What to do.
      type: str
    line:
      description: All that in one line.
      type: str
asked:
  description: How many requests were sent without a key, and how many objects and places they were about.
  returned: when it has asked
  type: dict
  sample: {"requests": 14, "objects": 10, "places": 2}
places:
  description:
    - For each bucket and prefix how many objects were drawn, and unless a program was left, whether it is public and whether
      that is known.
  returned: success, and failure after asking
  type: list
  elements: dict
  sample: [{"bucket": "uploads", "prefix": "", "objects": 5, "public": false, "known": true}]
sampled:
  description: When the objects were drawn, in seconds since 1970.
  returned: when it has asked
  type: int
  sample: 1795860000
summary:
  description: All that in one line.
  returned: when it has asked, and found nothing
  type: str
  sample: "Nobody without a key can read what is private: 2 places asked, 10 objects."
exit_status:
  description: With what the program ends.
  returned: when something was found
  type: int
  sample: 10
job:
  description: The program that was left.
  returned: when O(job) is set
  type: dict
  contains:
    path:
      description: Where it is.
      returned: always
      type: str
      sample: /opt/mediastore/sentinel.pyz
    interpreter:
      description: The Python that has what it needs.
      returned: always
      type: str
      sample: /usr/bin/python3
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.guarding import stand_guard
from ..module_utils._base.module import StoreModule
from ..module_utils._base.telling import METRICS

BUCKET = {
    "name": {"type": "str", "required": True},
    "prefixes": {"type": "list", "elements": "str", "default": []},
    "apart": {"type": "list", "elements": "str", "default": []},
    "read": {"type": "bool", "default": True},
    "public_url": {"type": "str"},
    "may_be_empty": {"type": "bool", "default": False},
}

SPEC = METRICS.merge(
    ArgSpec(
        {
            "buckets": {"type": "list", "elements": "dict", "default": [], "options": BUCKET},
            "samples": {"type": "int", "default": 5},
            "draw": {"type": "str", "choices": ["now", "each_run"], "default": "now"},
            "max_age": {"type": "str", "default": "90d"},
            "timeout": {"type": "int", "default": 10},
            "alarm": {"type": "path"},
            "remind": {"type": "str", "default": "1d"},
            "job": {"type": "path"},
            "job_owner": {"type": "str"},
            "targets": {"type": "list", "elements": "dict", "default": []},
            "sampled": {"type": "float"},
        },
        required_by={"job_owner": ("job",)},
    )
)


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(stand_guard)


if __name__ == "__main__":
    main()
