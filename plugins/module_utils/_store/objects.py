# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The bucket as boto3 gives it: list, put, put in parts, read."""

from __future__ import annotations

import base64
import functools
import mimetypes
import os
import threading
import time
import typing as t

from .._core.crew import fan_out
from .._core.digest import CHUNK, multipart_etag, new_md5
from .._core.errors import MediastoreError, StoreRefused, StoreUnreachable
from .._core.model import Attributes, Receipt, RemoteObject
from .._core.ports import Ledger, Reading
from .._core.retry import pause_before_next, pauses, retrying
from . import unheard
from .faults import ResponseParserError, explaining
from .patience import is_busy, is_passing, sent_before, told
from .quickput import NO_ANSWER, QuickPut, quick_put

if t.TYPE_CHECKING:
    from .connection import Connection
    from .profile import Profile

#: keys asked for at once; stores give no more
PAGE = 1000
#: how often a page of a listing is asked for that cannot be read
PAGES_AGAIN = 3
#: how often a part is sent again whose ETag is not its MD5
RESENDS = 3
#: user metadata in which rclone and s3fs, too, keep a file's own time
MTIME = "mtime"
#: parts of one object that are sent at once: enough for one large file to fill a line that is fast and far away
PARTS_AT_ONCE = 3
KMS = ("aws:kms", "aws:kms:dsse")


class BotoStore:
    """The engine that needs nothing but boto3; one client serves all threads."""

    engine = "boto3"
    engine_reason = ""
    parts_at_once = PARTS_AT_ONCE

    def __init__(
        self,
        client: t.Any,
        bucket: str,
        connection: Connection,
        profile: Profile,
        attributes: Attributes | None = None,
        sse_customer_key: str | None = None,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._connection = connection
        self._profile = profile
        self._attributes = attributes or Attributes()
        self._sse = _customer_key(sse_customer_key)
        #: whether the ETags are none that tell the content, because of how the objects are encrypted
        self._hides_md5 = bool(sse_customer_key) or self._attributes.encryption in KMS
        #: whether the store refuses bytes that do not belong to their Content-MD5, which goes with every one
        self._compares_md5 = "md5" in profile.checks
        self.part_min, self.max_parts = profile.part_min, profile.max_parts
        #: who remembers the uploads in parts that are under way
        self.ledger: Ledger | None = None
        self.busy = 0
        self._counting = threading.Lock()
        #: Sends most objects. The client is left what it has to encode itself, and a single attempt, which must not become two.
        #: Made before there are threads: finding the bucket's place borrows the client's handlers, which all threads share.
        alone = self._sse or connection.max_attempts == 1
        self._quick: QuickPut | None = None if alone else quick_put(client, bucket, connection)
        client.meta.events.register("needs-retry.s3", self._hear)
        # Not thread-safe while it loads its tables.
        mimetypes.init()

    def hear_no_more(self) -> None:
        """Leave what botocore is answered to another store with the same client, which counts it for both."""
        self._client.meta.events.unregister("needs-retry.s3", self._hear)

    def _hear(self, response: t.Any, **kwargs: t.Any) -> None:
        """Listen to what botocore is answered, also where it asks again by itself."""
        if response is not None:
            self._heard(*told(response))

    def _heard(self, status: int, code: str) -> None:
        if is_busy(status, code):
            with self._counting:
                self.busy += 1

    def listing(self, prefix: str) -> t.Iterator[RemoteObject]:
        """All objects below the prefix."""
        for entry in self.entries(prefix):
            yield RemoteObject(entry["Key"], entry["Size"], entry.get("ETag", "").strip('"'))

    def entries(self, prefix: str) -> t.Iterator[dict[str, t.Any]]:
        """The same in the store's own words, page by page; botocore asks for url encoding and undoes it."""
        token: dict[str, str] = {}
        while True:
            with self._explaining(f"list bucket {self._bucket}"):
                page = self._page(Bucket=self._bucket, Prefix=prefix, MaxKeys=PAGE, **token)
            yield from page.get("Contents", [])
            if not page.get("IsTruncated"):
                return
            following = page.get("NextContinuationToken")
            if not following or following == token.get("ContinuationToken"):
                raise StoreRefused(
                    f"list bucket {self._bucket} at {self._connection.where}",
                    said="the store says that there is more and not how to get it",
                    remedy="Set provider to what the store really is, or report it.",
                    code="BrokenListing",
                )
            token = {"ContinuationToken": following}

    def _page(self, **asked: t.Any) -> dict[str, t.Any]:
        # An old botocore fails at a page that broke off instead of asking for it again.
        return retrying(lambda: self._client.list_objects_v2(**asked), ResponseParserError, pauses(PAGES_AGAIN))

    def put(self, key: str, body: bytes | bytearray, md5: bytes, mtime_ns: int) -> Receipt:
        """Store an object in one request; Content-MD5 lets the store refuse bytes that were damaged on the way."""
        said = {"ContentMD5": _b64(md5), **self._headers(key, mtime_ns), **self._sse}
        quick = self._quick
        with self._explaining(f"upload {key} to bucket {self._bucket}"):
            answer = self._put_quickly(quick, key, body, said) if quick else self._put(key, body, said)
        return self._receipt(answer, self._profile.etag_is_md5)._replace(checked=self._compares_md5)

    def _put(self, key: str, body: bytes | bytearray, said: dict[str, t.Any]) -> dict[str, t.Any]:
        return t.cast(t.Dict[str, t.Any], self._client.put_object(Bucket=self._bucket, Key=key, Body=body, **said))

    def _put_quickly(self, quick: QuickPut, key: str, body: bytes | bytearray, said: dict[str, t.Any]) -> dict[str, t.Any]:
        status, headers = quick.send(key, body, said)
        if status == 200 and "etag" in headers:
            return {"ETag": headers["etag"], "ServerSideEncryption": headers.get("x-amz-server-side-encryption")}
        self._heard(status, "")
        passing = status in (NO_ANSWER, 200) or is_passing(status, "")
        if passing:
            time.sleep(pause_before_next(1, self._connection.max_attempts, is_busy(status, "")) or 0)
        with sent_before(1 if passing else 0):
            answer = self._put(key, body, said)
        # What only the client manages, such as another region, it will have to do for all that follow.
        if not passing:
            self._quick = None
        return answer

    def put_parts(self, key: str, parts: t.Iterable[bytes], mtime_ns: int) -> Receipt:
        """Store a large object in parts, some at once, and leave nothing behind if that fails."""
        where = {"Bucket": self._bucket, "Key": key}
        sums: dict[int, bytes] = {}
        with self._explaining(f"upload {key} in parts to bucket {self._bucket}"):
            begun = unheard.begin(self._client, where, **self._headers(key, mtime_ns), **self._sse)
            where["UploadId"] = begun["UploadId"]
            try:
                if self.ledger:
                    self.ledger.begun(key, where["UploadId"])
                done = self._parts(where, parts, sums)
                answer = unheard.complete(self._client, where, done, self._sse)
            except BaseException:
                self.abort(key, where["UploadId"])
                raise
        if self.ledger:
            self.ledger.ended(where["UploadId"])
        # "begun" too: where the bucket encrypts by itself, only the first answer may say so.
        receipt = self._receipt({**begun, **answer}, self._profile.multipart_etag != "opaque")
        # Where the answer was lost, nobody said that the object which is there now is this one.
        checked = self._compares_md5 and "ResponseMetadata" in answer
        return receipt._replace(cut=multipart_etag(sums[number] for number in sorted(sums)), checked=checked)

    def read(self, key: str) -> Reading:
        """Begin to read an object; where it breaks off it is gone on with, if it is still the same."""
        begun = self._open(key, 0)
        return begun._replace(chunks=self._whole(key, begun))

    def _open(self, key: str, start: int) -> Reading:
        """Read an object from there on."""
        part = {"Range": f"bytes={start}-"} if start else {}
        with self._explaining(f"read {key} from bucket {self._bucket}"):
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **part, **self._sse)
        size, etag = start + answer["ContentLength"], answer.get("ETag", "").strip('"')
        return Reading(size, etag, mtime_of(answer), self._chunks(key, answer["Body"]), answer)

    def _whole(self, key: str, reading: Reading) -> t.Iterator[bytes]:
        size, etag, at, tries = reading.size, reading.etag, 0, 1
        while True:
            try:
                for chunk in reading.chunks:
                    yield chunk
                    at, tries = at + len(chunk), 1
                return
            except StoreUnreachable:
                pause = pause_before_next(tries, self._connection.max_attempts)
                if pause is None:
                    raise
                time.sleep(pause)
                tries += 1
                reading = self._open(key, at)
                # Another object; or the store knows no ranges and gives the whole, which makes the size another one.
                if (reading.size, reading.etag) != (size, etag):
                    raise

    def _chunks(self, key: str, body: t.Any) -> t.Iterator[bytes]:
        with self._explaining(f"read {key} from bucket {self._bucket}"):
            try:
                yield from iter(lambda: body.read(CHUNK), b"")
            finally:
                body.close()

    def _parts(self, where: dict[str, t.Any], parts: t.Iterable[bytes], sums: dict[int, bytes]) -> list[dict[str, t.Any]]:
        def send(part: tuple[int, bytes]) -> dict[str, t.Any]:
            return self._part(where, *part, sums)

        # None lies ready: whoever gives us the parts holds memory for those that are sent at once, and for one more.
        sent = fan_out(enumerate(parts, 1), send, self.parts_at_once, lambda: False, ahead=0)
        return sorted((part for part in sent if part is not None), key=lambda part: int(part["PartNumber"]))

    def _part(self, where: dict[str, t.Any], number: int, body: bytes, sums: dict[int, bytes]) -> dict[str, t.Any]:
        md5 = new_md5()
        md5.update(body)
        sums[number] = md5.digest()
        said = {"PartNumber": number, "ContentMD5": _b64(sums[number]), **self._sse}
        tells = self._profile.multipart_etag != "opaque"
        for _again in range(RESENDS):
            answer = self._client.upload_part(**where, **said, Body=body)
            receipt = self._receipt(answer, tells)
            if receipt.etag == sums[number].hex() or not receipt.etag_is_md5:
                break
        # Given back to the store, a wrong one makes it refuse the whole.
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def abort(self, key: str, upload_id: str) -> None:
        """Take back an upload in parts, as far as the store lets us."""
        try:
            with self._explaining("abort an upload"):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except MediastoreError as exc:
            # The error that led here is the one to tell; the ledger has it tried again.
            if exc.code != "NoSuchUpload":
                return
        if self.ledger:
            self.ledger.ended(upload_id)

    def _headers(self, key: str, mtime_ns: int) -> dict[str, t.Any]:
        said = self._attributes.of(key)
        headers: dict[str, t.Any] = {
            "ContentType": content_type(said, key),
            "Metadata": {MTIME: mtime_text(mtime_ns), **said.metadata},
        }
        optional = {
            "CacheControl": said.cache_control,
            "ContentDisposition": said.content_disposition,
            "ACL": said.acl,
            "StorageClass": said.storage_class,
            "ServerSideEncryption": said.encryption,
            "SSEKMSKeyId": said.kms_key_id,
        }
        headers.update((name, value) for name, value in optional.items() if value)
        return headers

    def _receipt(self, answer: dict[str, t.Any], etag_is_md5: bool) -> Receipt:
        encrypted = self._hides_md5 or answer.get("ServerSideEncryption") in KMS
        return Receipt(answer.get("ETag", "").strip('"'), etag_is_md5 and not encrypted)

    def _explaining(self, tried: str) -> t.ContextManager[None]:
        return explaining(tried, self._connection)


def content_type(said: Attributes, key: str) -> str:
    """The content type that was asked for, or that the name promises."""
    return guess_type(key) if said.content_type == "guess" else said.content_type


def guess_type(key: str) -> str:
    """The media type that the name promises; what is packed is not what is in it."""
    root, last = os.path.splitext(key.rpartition("/")[2])
    return _type_of(os.path.splitext(root)[1] + last)


@functools.lru_cache(maxsize=1000)
def _type_of(endings: str) -> str:
    kind, packed = mimetypes.guess_type(f"name{endings}")
    return kind if kind and not packed else "application/octet-stream"


def mtime_text(mtime_ns: int) -> str:
    """A file's own time as the metadata has it."""
    return f"{mtime_ns // 10**9}.{mtime_ns % 10**9:09d}"


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _customer_key(text: str | None) -> dict[str, t.Any]:
    # boto3 encodes the key and adds its MD5 by itself.
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64decode(text)} if text else {}


def mtime_of(answer: dict[str, t.Any]) -> int:
    """A file's own time from what the store says about the object; else the time at which the store got it."""
    # Some servers give the name back in capitals, as headers may be.
    said = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    seconds, _dot, fraction = said.get(MTIME, "").partition(".")
    if seconds.isdigit() and (not fraction or fraction.isdigit()):
        return int(seconds) * 10**9 + int(f"{fraction:0<9}"[:9])
    return int(answer["LastModified"].timestamp()) * 10**9
