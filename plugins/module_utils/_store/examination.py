# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Why a store does not let us in: the way to it, who we say we are, and what would work instead. Nothing is written."""

from __future__ import annotations

import dataclasses
import difflib
import email.utils
import time
import typing as t
from urllib.parse import urlsplit, urlunsplit

from .._core import visit
from .._core.diagnosis import Finding, of_store
from .._core.errors import BadInput, MediastoreError
from .faults import ClientError, code_of, explain, is_boto, status_of, words_of
from .stranger import Stranger

if t.TYPE_CHECKING:
    from .connection import Connection

#: S3 refuses what is signed with a time that differs by more than a quarter of an hour
SKEW_S = 900
#: codes of S3 and its imitators -> our class
CODES: dict[str, str] = {
    "InvalidAccessKeyId": "key_unknown",
    "SignatureDoesNotMatch": "secret",
    "NoSuchBucket": "no_bucket",
    "RequestTimeTooSkewed": "clock",
    "SlowDown": "busy",
    "ServiceUnavailable": "busy",
    "AccessDenied": "key_denied",
    "403": "key_denied",
}
#: the same where the store has one code for everything (Garage's)
SAID = {"No such key": "key_unknown", "Invalid signature": "secret", "Date is too old": "clock"}
#: an upload that there is nowhere, so that a part of it is refused by every store
NO_UPLOAD = "0" * 64


class Examination:
    """One look at a store with one connection."""

    def __init__(self, connection: Connection, client_of: t.Callable[[Connection], t.Any]) -> None:
        self._connection, self._client_of = connection, client_of
        self._where = f"store {connection.where}"

    def way(self, endpoint: str) -> Finding | None:
        """What is wrong on the way: name, port, certificate, clock, or that it is no store at all."""
        answer = Stranger(self._connection).get(f"{endpoint.rstrip('/')}/")
        if answer.status == 0:
            found = visit.no_answer(answer.body.decode("utf-8", "replace"))
            return of_store(found.code, self._where, found.said)
        then = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp() if "date" in answer.headers else time.time()
        skew = time.time() - then
        if abs(skew) > SKEW_S:
            seen = f"this host's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the store's"
            return of_store("clock", self._where, seen)
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html") and answer.status < 500:
            return of_store("not_s3", self._where, f"{endpoint} answers {answer.describe()} with a page ({kind})")
        return None

    def bucket(self, name: str) -> list[Finding]:
        """What keeps this key from the bucket; nothing if it gets in."""
        heard: list[str] = []
        try:
            problem = self._list(self._connection, name, heard)
        except BadInput as exc:
            return self._better(name) or [of_store("refused", self._where, exc.said, remedy=exc.remedy)]
        # Libraries look for the region by themselves; what they were told first is still wrong.
        if heard and (problem is None or self._works(name, region=heard[0])):
            seen = f"signed for region {self._connection.region}, and bucket {name} is in {heard[0]}"
            return [of_store("region", self._where, seen, {"region": heard[0]})]
        if problem is None:
            return self._read(name)
        return self._better(name) or [self._named(problem, name)]

    def checksums(self, name: str) -> Finding | None:
        """Whether the store refuses the checksums that boto3 has sent since 1.36 unless it is told not to.

        A part of an upload that there is not: every store refuses that, and one that knows these checksums says why.
        """
        plain, checked = (self._refusal(name, mode) for mode in ("when_required", "when_supported"))
        if plain != "NoSuchUpload" or checked == "NoSuchUpload":
            return None
        return of_store("checksums", self._where, f"a part of an upload with a checksum in its trailer: {checked}")

    def _refusal(self, name: str, mode: str) -> str:
        client = self._client_of(dataclasses.replace(self._connection, max_attempts=1))
        if not hasattr(client.meta.config, "request_checksum_calculation"):
            return ""
        client.meta.config.request_checksum_calculation = mode
        try:
            client.upload_part(Bucket=name, Key="mediastore-doctor", UploadId=NO_UPLOAD, PartNumber=1, Body=b"x")
        except Exception as exc:
            if isinstance(exc, ClientError):
                return code_of(exc)
            if is_boto(exc):
                return words_of(exc)
            raise
        raise AssertionError("an upload that there is not took a part")

    def _list(self, connection: Connection, name: str, heard: list[str]) -> Exception | None:
        """The error with which a listing ends, if it does; other regions that the store names are put into ``heard``."""
        client = self._client_of(connection)

        def hear(parsed_response: t.Any = None, **kwargs: t.Any) -> None:
            answer = parsed_response or {}
            said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region")
            said = said or answer.get("Error", {}).get("Region")
            if said and answer.get("Error") and said != client.meta.region_name:
                heard.append(str(said))

        client.meta.events.register("response-received.s3", hear)
        try:
            client.list_objects_v2(Bucket=name, MaxKeys=1)
        except Exception as exc:
            if not is_boto(exc):
                raise
            return exc
        finally:
            client.meta.events.unregister("response-received.s3", hear)
        return None

    def _works(self, name: str, **changed: t.Any) -> bool:
        try:
            # asked once, without waiting for a store that is busy
            return self._list(dataclasses.replace(self._connection, max_attempts=1, **changed), name, []) is None
        except MediastoreError:
            return False

    def _better(self, name: str) -> list[Finding]:
        """Whether the same key gets in when the bucket is asked for in another way."""
        connection = self._connection
        endpoint = urlsplit(connection.endpoint_url or "")
        if endpoint.path.strip("/"):
            without = urlunsplit(endpoint._replace(path=""))
            if self._works(name, endpoint_url=without):
                seen = f"endpoint_url ends with {endpoint.path}"
                return [of_store("endpoint_bucket", self._where, seen, {"endpoint_url": without})]
        other = "path" if connection.addressing_style == "virtual" else "virtual"
        if self._works(name, addressing_style=other):
            seen = f"with addressing_style {connection.addressing_style} bucket {name} is not found, and with {other} it is"
            return [of_store("addressing", self._where, seen, {"addressing_style": other})]
        return []

    def _named(self, problem: Exception, name: str) -> Finding:
        """The class of an error that no other way avoids."""
        said = explain(problem, f"list bucket {name}", self._connection)
        if not isinstance(problem, ClientError):
            code = visit.no_answer(words_of(problem)).code
            if code == "certificate_name" and "." in name:
                code = "bucket_dot"
            return of_store(code, self._where, said.said)
        code = next((ours for words, ours in SAID.items() if words in said.said), CODES.get(code_of(problem), ""))
        code = code or ("store_error" if status_of(problem) >= 500 else "refused")
        seen, instead = f"bucket {name}: {said.said}", self._instead(name, code)
        return of_store(code, self._where, seen, remedy=said.remedy, right="to list", bucket=name, instead=instead)

    def _instead(self, name: str, code: str) -> str:
        """A bucket with a similar name, where there is one and the key may see it."""
        if code != "no_bucket":
            return ""
        try:
            there = [one["Name"] for one in self._client_of(self._connection).list_buckets().get("Buckets", [])]
        except Exception as exc:
            if not is_boto(exc):
                raise
            return ""
        close = difflib.get_close_matches(name, there, n=1)
        return f" to {close[0]}" if close else ""

    def _read(self, name: str) -> list[Finding]:
        """Whether the key may read what it may list."""
        client = self._client_of(self._connection)
        for entry in client.list_objects_v2(Bucket=name, MaxKeys=1).get("Contents", []):
            try:
                client.head_object(Bucket=name, Key=entry["Key"])
            except ClientError as exc:
                if status_of(exc) in (401, 403):
                    seen = f"bucket {name} can be listed, and object {entry['Key']} is refused: {code_of(exc)}"
                    return [of_store("key_denied", self._where, seen, right="to read", bucket=name)]
        return []
