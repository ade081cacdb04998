#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See media as a visitor's browser does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: media_check
short_description: See media as a visitor's browser does
version_added: 0.2.0
description:
  - Goes to some of the media of a bucket as a browser goes there, without a key, at the address that visitors are given. What is
    looked at is the certificate, the answer, its length and C(Content-Type), C(Access-Control-Allow-Origin), and whether the
    C(Content-Security-Policy) of the page lets a browser show it.
  - It fails if a visitor would not see a medium, and says of each class of failures what causes it and what to do. To tell the
    causes apart, the store is asked with the key whether it has the object, and visited at its own address too.
  - A browser without a key can be anywhere. This one is where the task runs, so DNS and the certificates to trust are those of
    that host.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: It changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  bucket:
    description: The bucket, which must exist. The key must be one that may list it and read its objects.
    type: str
    required: true
  public_url:
    description:
      - Address below which visitors find the objects, such as that of a proxy or a CDN. The key of an object is appended to it.
      - Without it they are looked for at the store itself.
    type: str
  keys:
    description: The objects to look at. Without them it is a sample.
    type: list
    elements: str
    default: []
  sample:
    description:
      - How many objects to look at. They are found by walking down the folders at random, so that each kind of media is seen,
        also a rare one. Of a folder of the bucket only what one request lists is looked at.
    type: int
    default: 20
  path:
    description:
      - A directory on the host that has the same files. The sample is taken from there, which also shows what was never copied.
    type: path
  key_pattern:
    description:
      - A regular expression, in Python's syntax, for what a key of the application looks like. Other keys are not in the sample.
        If there are none, the media are in the wrong place.
    type: str
  page_url:
    description: Address of a page on which media are seen. Its C(Content-Security-Policy) has to let them be shown.
    type: str
  links_url:
    description:
      - Address of an answer of the application that names media. Each address in it that ends with what O(key_pattern) matches
        has to be below O(public_url).
    type: str
  connect_to:
    description:
      - Where to connect to instead of where DNS says, for hosts that do not reach their own public address. Each host name with
        an address and, if it is another one, a port. The name in TLS and in C(Host) stays, as with curl's C(--connect-to).
    type: dict
    default: {}
seealso:
  - module: mediastore.s3.anonymous_access
  - module: mediastore.s3.cors
"""

EXAMPLES = r"""
- name: See whether visitors see the media
  mediastore.s3.media_check:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    bucket: example-mastodon-media
    public_url: https://media.example.org
    page_url: https://mastodon.example.org/
    connect_to: {mastodon.example.org: 127.0.0.1}

- name: Find out why one of them is blank
  mediastore.s3.media_check:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    bucket: example-mastodon-media
    keys: [media_attachments/files/109/000/001/original/0a1b.png]
    path: /home/mastodon/live/public/system
"""

RETURN = r"""
address:
  description: Where media were looked for.
  returned: success, and on failure if a visit was made
  type: str
  sample: https://media.example.org
visited:
  description: How many media were looked at.
  returned: success, and on failure if a visit was made
  type: int
  sample: 20
seen:
  description: How many of them a visitor sees.
  returned: success, and on failure if a visit was made
  type: int
  sample: 20
links:
  description: How many addresses of media O(links_url) named.
  returned: success, and on failure if a visit was made
  type: int
  sample: 2
findings:
  description: Each class of failures, those that concern most media first.
  returned: success, and on failure if a visit was made
  type: list
  elements: dict
  contains:
    code:
      description:
        - V(name), V(certificate_name), V(certificate_expired), V(certificate_unknown), V(tls) and V(no_answer) if nobody answers,
          V(redirect), V(denied), V(wrong_place), V(cached_error), V(wrong_root), V(not_copied), V(missing), V(unavailable),
          V(busy) and V(unexpected) if the answer is none, V(other_content), V(content_type), V(insecure) and V(csp) if a browser
          does not show it.
        - V(wrong_address) if the application names another address.
        - V(cors) and V(page) are harmless. Media are shown, but scripts cannot read them, or the page could not be looked at.
      type: str
    count:
      description: How many media it concerns.
      type: int
    harmless:
      description: Whether media are seen all the same.
      type: bool
    remedy:
      description: What to do.
      type: str
    examples:
      description: Up to three of them, in words.
      type: list
      elements: str
  sample: []
error:
  description: The error in parts.
  returned: failure
  type: dict
  contains:
    tried:
      description: What was tried.
      type: str
    said:
      description: What came back.
      type: str
    remedy:
      description: What to do.
      type: str
    code:
      description: V(NotVisible) if a visitor does not see everything, or the store's error code.
      type: str
      sample: NotVisible
"""

import os
import re
import typing as t
from urllib.parse import urlsplit

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.visiting import Round, Visitor, not_visible
from ..module_utils._core import visit
from ..module_utils._core.bucketname import check_name
from ..module_utils._core.errors import BadInput

SPEC = ArgSpec(
    {
        "bucket": {"type": "str", "required": True},
        "public_url": {"type": "str"},
        "keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "sample": {"type": "int", "default": 20},
        "path": {"type": "path"},
        "key_pattern": {"type": "str", "no_log": False},
        "page_url": {"type": "str"},
        "links_url": {"type": "str"},
        "connect_to": {"type": "dict", "default": {}},
    }
)
CONNECT_TO = re.compile(r"[\w.-]+(:\d+)?")
TRIED = "see media as visitors do"


def check(module: StoreModule) -> dict[str, t.Any]:
    """Go round, and fail if something cannot be seen."""
    visitor = Visitor(module, asked(module.params))
    visitor.go()
    result = {
        "changed": False,
        "address": visitor.address,
        "visited": visitor.visited,
        "seen": visitor.seen,
        "links": len(visitor.links),
        "findings": visitor.summary.findings,
    }
    if visitor.summary.harmful:
        error = not_visible(visitor)
        error.result = result
        raise error
    if visitor.summary.findings:
        module.warn(f"Visitors see the media, with this: {visit.words(visitor.summary.findings)}.")
    if not visitor.visited:
        module.warn("There are no media to look at, so nothing is proved.")
    return result


def asked(params: t.Mapping[str, t.Any]) -> Round:
    """What to look at, after refusing what cannot be meant."""
    said = {name: params[name] for name in SPEC.options if params[name] is not None}
    what = Round(**{**said, "keys": tuple(said["keys"])})
    check_name(what.bucket, TRIED)
    for name in ("public_url", "page_url", "links_url"):
        parts = urlsplit(said.get(name) or "https://-")
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise BadInput(TRIED, said=f"{name} is no address", remedy="Write it as https://host or https://host/path.")
    for host, there in what.connect_to.items():
        if not CONNECT_TO.fullmatch(str(there)):
            raise BadInput(
                TRIED, said=f"connect_to leads {host} to {there}", remedy="Say an address, such as 127.0.0.1 or 127.0.0.1:8443."
            )
    if what.sample < 1:
        raise BadInput(TRIED, said=f"sample is {what.sample}", remedy="Look at 1 or more.")
    if what.path and not os.path.isdir(what.path):
        raise BadInput(TRIED, said=f"path {what.path} is no directory", remedy="Correct it, or leave it out.")
    if what.links_url and not what.key_pattern:
        raise BadInput(TRIED, said="links_url is given without key_pattern", remedy="Say what a key looks like in the addresses.")
    try:
        re.compile(what.key_pattern)
    except re.error as exc:
        raise BadInput(TRIED, said=f"key_pattern is no regular expression ({exc})", remedy="Correct it.") from exc
    return what


def main() -> None:
    StoreModule(SPEC).run(check)


if __name__ == "__main__":
    main()
