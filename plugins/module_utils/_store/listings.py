# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What botocore takes longest for in a listing, done in a third of the time: its objects, and their times.

botocore walks through each object by the model of the API, and asks a parser for dates of all kinds for its time. Only what looks
as it always does is read here, and botocore reads the rest of the answer.
"""

from __future__ import annotations

import contextlib
import datetime
import typing as t
from xml.etree import ElementTree

if t.TYPE_CHECKING:
    from collections.abc import MutableMapping

#: of 2026-11-26T17:00:00Z, and with milliseconds
STAMP_LENGTHS = (20, 24)
BEGIN, END = b"<Contents>", b"</Contents>"
#: what of an object is told; the rest nobody here asks for
TEXTS = ("Key", "ETag", "StorageClass")


def moment(text: t.Any) -> datetime.datetime:
    """A point in time as S3 writes it; whatever looks otherwise is left to botocore."""
    if isinstance(text, str) and len(text) in STAMP_LENGTHS and text.endswith("Z"):
        with contextlib.suppress(ValueError):
            return datetime.datetime.fromisoformat(text[:-1] + "+00:00")
    from botocore.utils import parse_timestamp  # pylint: disable=import-outside-toplevel

    found: datetime.datetime = parse_timestamp(text)
    return found


def take_objects(
    operation_model: t.Any,
    response_dict: MutableMapping[str, t.Any],
    customized_response_dict: dict[str, t.Any] | None = None,
    **kwargs: t.Any,
) -> None:
    """Before botocore parses a page of a listing: take the objects out of it, and put them into the parsed answer."""
    body = response_dict.get("body")
    if operation_model.name != "ListObjectsV2" or response_dict.get("status_code") != 200 or not isinstance(body, bytes):
        return
    if customized_response_dict is None:  # an old botocore
        return
    first, last = body.find(BEGIN), body.rfind(END)
    if not 0 <= first < last:
        return
    end = last + len(END)
    with contextlib.suppress(ElementTree.ParseError, ValueError, KeyError):
        customized_response_dict["Contents"] = [_object(found) for found in _elements(body[first:end])]
        response_dict["body"] = body[:first] + body[end:]


def _elements(part: bytes) -> t.Iterator[ElementTree.Element]:
    for found in ElementTree.fromstring(b"<objects>" + part + b"</objects>"):
        if found.tag != "Contents":
            raise ValueError(found.tag)
        yield found


def _object(found: ElementTree.Element) -> dict[str, t.Any]:
    """One object in botocore's words."""
    said = {member.tag: member.text or "" for member in found}
    told: dict[str, t.Any] = {name: said[name] for name in TEXTS if name in said}
    if "LastModified" in said:
        told["LastModified"] = moment(said["LastModified"])
    if "Size" in said:
        told["Size"] = int(said["Size"])
    return told
