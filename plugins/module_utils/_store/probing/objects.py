# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a store does with objects. Each function returns the facts that it could find out, under the names of a profile."""

from __future__ import annotations

import base64
import hashlib
import typing as t

from ..._core.digest import new_md5
from ..profile import MIB
from .answers import Answer
from .place import SAMPLE, SUBJECT, Place
from .visitor import LINK_S

Facts = t.Dict[str, t.Any]

#: the smallest that all stores take, but for the last one
PART = bytes(range(256)) * (5 * MIB // 256)
COPIED = 100
#: Signature V4 allows a week
WEEK_S = 604800
NO_ETAG = '"00000000000000000000000000000000"'


def etags(place: Place) -> Facts:
    """Whether the ETag of an object that was put in one request is the MD5 of its bytes."""
    return {"etag_is_md5": _etags(place, SUBJECT) == {_md5(SAMPLE).hex()}}


def checks(place: Place) -> Facts:
    """Which checksums of an upload the store compares: it takes bytes with the right one and refuses them with a wrong one."""
    sums: dict[str, tuple[str, t.Callable[[bytes], bytes]]] = {
        "md5": ("ContentMD5", _md5),
        "sha256": ("ChecksumSHA256", lambda body: hashlib.sha256(body).digest()),
    }
    found = []
    for name, (header, of) in sums.items():
        said: tuple[Facts, Facts] = ({header: _b64(of(SAMPLE))}, {header: _b64(of(PART))})
        right, wrong = (place.put("checked", **one) for one in said)
        if right.undecided or wrong.undecided:
            return {}
        if right.done and wrong.status == 400:
            found.append(name)
    return {"checks": found}


def parts(place: Place) -> Facts:
    """What the ETag of an object is that was put in parts, and whether parts can be copied from other objects."""
    whole = _in_parts(place, "parts", [("upload_part", {"Body": PART}), ("upload_part", {"Body": SAMPLE})])
    if not whole.done:
        return {}
    of_parts = _md5(_md5(PART) + _md5(SAMPLE)).hex() + "-2"
    known = {of_parts: "s3", _md5(PART + SAMPLE).hex(): "md5"}
    # The answer to the upload may be another one: what counts is what HEAD and LIST say later.
    shown = _etags(place, "parts")
    source = {"CopySource": {"Bucket": place.bucket, "Key": place.key("parts")}, "CopySourceRange": f"bytes=0-{COPIED - 1}"}
    copied = _in_parts(place, "copied", [("upload_part_copy", source)])
    return {
        "multipart_etag": known.get(shown.pop(), "opaque") if len(shown) == 1 else "opaque",
        "multipart_copy": copied.done and place.holds("copied", PART[:COPIED]),
    }


def several_at_once(place: Place) -> Facts:
    """Whether DeleteObjects deletes."""
    names = ("gone/a", "gone/b")
    for name in names:
        place.put(name)
    answer = place.ask("delete_objects", Delete={"Objects": [{"Key": place.key(name)} for name in names]})
    if answer.undecided:
        return {}
    return {"multi_delete": answer.done and not answer.said.get("Errors") and not place.listed("gone/")}


def conditions(place: Place) -> Facts:
    """Whether a PUT is refused whose condition does not hold, and only then."""
    with place.with_header("PutObject", "If-None-Match", "*"):
        again, first = place.put(SUBJECT), place.put("conditional")
    with place.with_header("PutObject", "If-Match", NO_ETAG):
        other = place.put(SUBJECT)
    if any(answer.undecided for answer in (again, first, other)):
        return {}
    return {"conditional_put": again.status == 412 and first.done and other.status == 412}


def tags(place: Place) -> Facts:
    """Whether objects keep tags. A store that does not know them may take the tags for the object."""
    place.put("tagged")
    wanted = [{"Key": "purpose", "Value": "probe"}]
    answer = place.ask("put_object_tagging", Key=place.key("tagged"), Tagging={"TagSet": wanted})
    if answer.undecided:
        return {}
    kept = answer.done and place.ask("get_object_tagging", Key=place.key("tagged")).said.get("TagSet") == wanted
    return {"object_tagging": kept and place.holds("tagged")}


def links(place: Place) -> Facts:
    """Whether a presigned URL may live longer than a week."""
    usual, longer = (place.stranger.presigned(place.bucket, place.key(SUBJECT), life) for life in (LINK_S, WEEK_S + 1))
    if usual.body != SAMPLE or longer.status >= 500:
        return {}
    return {"presign_max_s": None if longer.allowed else WEEK_S}


def _in_parts(place: Place, name: str, sent: t.Sequence[tuple[str, Facts]]) -> Answer:
    """Make an object of parts; an upload that cannot be finished is taken back."""
    begun = place.ask("create_multipart_upload", Key=place.key(name))
    if not begun.done:
        return begun
    where = {"Key": place.key(name), "UploadId": begun.said["UploadId"]}
    done = []
    for number, (method, arguments) in enumerate(sent, start=1):
        answer = place.ask(method, PartNumber=number, **where, **arguments)
        etag = answer.said.get("ETag") or answer.said.get("CopyPartResult", {}).get("ETag")
        done.append({"PartNumber": number, "ETag": etag or ""})
    finished = place.ask("complete_multipart_upload", **where, MultipartUpload={"Parts": done})
    if not finished.done:
        place.ask("abort_multipart_upload", **where)
    return finished


def _etags(place: Place, name: str) -> set[str]:
    """The ETags that HEAD and LIST show, which is one where they agree."""
    shown = [place.head(name).said.get("ETag", ""), *(entry.get("ETag", "") for entry in place.listed(name))]
    return {etag.strip('"') for etag in shown}


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _md5(body: bytes) -> bytes:
    md5 = new_md5()
    md5.update(body)
    return bytes(md5.digest())
