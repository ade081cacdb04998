# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Uploads in parts of which the store has heard, while its answer was lost on the way back."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import time
import typing as t

from .._core.upload import NotProved
from .faults import ClientError, ResponseParserError, code_of

#: what a clock that tells whole seconds, and a store that rounds otherwise, may be wrong by
SLACK = datetime.timedelta(seconds=2)


def begin(client: t.Any, where: dict[str, t.Any], **headers: t.Any) -> dict[str, t.Any]:
    """Begin an upload in parts, and take back those that began before it because the answer did not come."""
    since = time.monotonic()
    begun: dict[str, t.Any] = client.create_multipart_upload(**where, **headers)
    if begun["ResponseMetadata"].get("RetryAttempts"):
        took = datetime.timedelta(seconds=time.monotonic() - since)
        # Nobody can name them but a listing, which the key need not be allowed; nothing is stored in them yet.
        with contextlib.suppress(ClientError):
            _take_back(client, where, begun, took)
    return begun


def _take_back(client: t.Any, where: dict[str, t.Any], begun: dict[str, t.Any], took: datetime.timedelta) -> None:
    now = email.utils.parsedate_to_datetime(begun["ResponseMetadata"]["HTTPHeaders"]["date"])
    listed = client.list_multipart_uploads(Bucket=where["Bucket"], Prefix=where["Key"])
    for upload in listed.get("Uploads", []):
        ours = upload["Key"] == where["Key"] and upload["UploadId"] != begun["UploadId"]
        # An older one is somebody else's.
        if ours and upload["Initiated"] >= now - took - SLACK:
            client.abort_multipart_upload(**where, UploadId=upload["UploadId"])


def complete(client: t.Any, where: dict[str, t.Any], parts: list[dict[str, t.Any]], sse: dict[str, t.Any]) -> dict[str, t.Any]:
    """Complete an upload in parts; what the object's ETag is, by this answer or by another one. Whoever asks has to judge it."""
    place = {"Bucket": where["Bucket"], "Key": where["Key"]}
    try:
        answer: dict[str, t.Any] = client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    except ClientError as exc:
        if code_of(exc) == "InvalidPart":
            raise NotProved(
                f"upload {where['Key']} in parts",
                said="the store does not know an ETag that was its answer to a part",
                remedy="Run again; if it stays so, look for a proxy that changes answers.",
            ) from exc
        # Sent again, because the answer was lost: it may be complete since the first time.
        if code_of(exc) != "NoSuchUpload":
            raise
        answer = {}
    except ResponseParserError:
        # Before 1.35 or so botocore fails at an answer that broke off.
        answer = {}
    if not answer.get("ETag", "").strip('"'):
        # Ceph 16 answers an empty one, and knows it when it is asked.
        answer["ETag"] = client.head_object(**place, **sse)["ETag"]
    return answer
