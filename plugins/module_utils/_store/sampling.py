# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A few objects of a bucket, drawn from several places in it without reading all of its listing."""

from __future__ import annotations

import random
import string
import typing as t

from .faults import code_of, explaining, is_boto

if t.TYPE_CHECKING:
    from .connection import Connection

#: from how many places besides the beginning
PLACES = 2
GONE = ("404", "NoSuchKey", "NotFound")


class Drawn(t.NamedTuple):
    """An object that is there."""

    key: str
    size: int


def draw(client: t.Any, connection: Connection, bucket: str, prefix: str, apart: t.Sequence[str], most: int) -> list[Drawn]:
    """At most so many objects below a prefix, none of those ``apart``, and no empty ones, which have no byte to ask for."""
    starts = ["", *(beyond(start) for start in apart if start.startswith(prefix))]
    starts += [prefix + random.choice(string.ascii_letters + string.digits) for _place in range(PLACES)]
    found: dict[str, Drawn] = {}
    with explaining(f"list bucket {bucket}", connection):
        for start in starts:
            page = client.list_objects_v2(Bucket=bucket, Prefix=prefix, **({"StartAfter": start} if start else {}))
            for thing in page.get("Contents", []):
                if thing["Size"] and not thing["Key"].startswith(tuple(apart)):
                    found[thing["Key"]] = Drawn(thing["Key"], thing["Size"])
            if not page.get("IsTruncated") and not start:
                break
    return sorted(random.sample(sorted(found.values()), min(most, len(found))))


def beyond(prefix: str) -> str:
    """A key after all that begin with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def there(client: t.Any, connection: Connection, bucket: str, key: str) -> Drawn | None:
    """The object if it is still there."""
    with explaining(f"look for object {key} in bucket {bucket}", connection):
        try:
            found = client.head_object(Bucket=bucket, Key=key)
        except Exception as exc:
            if is_boto(exc) and code_of(exc) in GONE:
                return None
            raise
    return Drawn(key, found["ContentLength"]) if found["ContentLength"] else None
