# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Objects copied onto themselves, so that nothing of them changes but the storage class."""

from __future__ import annotations

import contextlib
import datetime
import typing as t
from urllib.parse import quote, urlencode

from .._core.crew import fan_out
from .._core.digest import MIB, multipart_etag
from .._core.errors import MediastoreError, StoreRefused
from .._core.recopy import ARCHIVED, STANDARD, TOO_LARGE, Barred, Copied, Found, Stored
from .._core.retake import Replaced
from . import grants
from .facet import UNKNOWN_CODES
from .objects import KMS, BotoStore

#: parts of one large object that are copied at once
PARTS_AT_ONCE = 4
#: classes whose objects cannot be read, where the provider is known to have them
ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")

#: what HEAD tells and CopyObject would not copy
NOT_COPIED = ("WebsiteRedirectLocation",)
#: what HEAD tells and an upload in parts would not copy either
HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
)
LOCKS = "ObjectLock"
RETENTION = ("ObjectLockMode", "ObjectLockRetainUntilDate")

GONE = ("404", "NoSuchKey", "NotFound")
#: the condition did not hold, or something else was faster
OVERTAKEN = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict", *GONE)
ASLEEP = ("InvalidObjectState", "ObjectNotInActiveTierError")
#: what stores say to a class that they do not have
NO_CLASS = ("InvalidStorageClass", "InvalidArgument")
#: there are no ACLs: the bucket has switched them off, the store does not know them, or it answered another question (see guard)
NO_ACLS = (*UNKNOWN_CODES, "AccessControlListNotSupported", "Unsupported", "NotS3")


class BotoCopies(BotoStore):
    """The engine that changes storage classes; the attributes name the class to go to."""

    #: for objects that are too large for one request and do not tell how they were cut
    part_size = 512 * MIB
    #: how many parts may be under way together
    parts_at_once = PARTS_AT_ONCE
    #: whether ACLs are read and kept
    keeps_acl = True

    def things(self, prefix: str) -> t.Iterator[Stored]:
        """All objects below the prefix with their classes."""
        for entry in self.entries(prefix):
            yield _stored(entry["Key"], entry["Size"], entry)

    def parts_of(self, thing: Stored) -> int:
        """In how many parts the object will be copied; 0 for one request."""
        if thing.size <= self._profile.copy_max or not self._profile.multipart_copy:
            return 0
        number = thing.etag.partition("-")[2]
        return (int(number) if number.isdigit() else 0) or -(-thing.size // self._own_part(thing.size))

    def prepare(self) -> None:
        """Find out whether there are ACLs at all, which saves one question for each object."""
        self.keeps_acl = self.keeps_acl and self._profile.has("acl") and not self._without_acls()

    def keeps_versions(self) -> bool:
        """Whether what is overwritten stays in the bucket as an old version; False if the key may not know."""
        asked = self._ask("get_bucket_versioning") if self._profile.has("versioning") else None
        return (asked or {}).get("Status") == "Enabled"

    def look(self, key: str) -> Found | None:
        """The object as it is now; None if there is none."""
        head = self._head(key)
        if head is None:
            return None
        thing = _stored(key, head["ContentLength"], head)
        return Found(thing, self._hurdle(thing, head), head)

    def copy(self, found: Found) -> Copied:
        """Copy the object onto itself, with all that belongs to it, unless it is replaced meanwhile."""
        key = found.thing.key
        with self._overtaken(f"copy {key} onto itself in bucket {self._bucket}"):
            acl = self._acl(key)
            kept = {**self._target(), **self._kept(found.head), **grants.headers(acl, self._profile.object_acls)}
            parts = self.parts_of(found.thing)
            copied = self._in_parts(found, kept, self._cut(found.thing)) if parts else self._at_once(found, kept)
            if grants.granted(acl):
                self._keep_acl(key, acl)
        return copied

    def _at_once(self, found: Found, kept: dict[str, t.Any]) -> Copied:
        thing = found.thing
        if self._profile.object_tagging:
            # What happens without it, too; a store without tags may refuse the header.
            kept["TaggingDirective"] = "COPY"
        answer = self._client.copy_object(
            **self._place(thing.key),
            **self._source(thing),
            **self._destination("CopyObject", thing),
            MetadataDirective="COPY",
            **kept,
        )
        etag = answer.get("CopyObjectResult", {}).get("ETag", "").strip('"')
        plain = self._profile.etag_is_md5 and "-" not in thing.etag
        return Copied(etag, plain and self._told_by_etag({**found.head, **answer}))

    # -- large objects

    def _in_parts(self, found: Found, kept: dict[str, t.Any], part_size: int) -> Copied:
        thing = found.thing
        begun = self._client.create_multipart_upload(**self._place(thing.key), **self._described(found), **kept)
        upload = {**self._place(thing.key), "UploadId": begun["UploadId"]}
        try:
            # A run that is killed before this line leaves an upload without a part, which costs nothing.
            if self.ledger:
                self.ledger.begun(thing.key, upload["UploadId"])
            parts = self._copied_parts(thing, upload, part_size)
            # The parts were taken from the right object, and it takes long to copy them all.
            again = self._head(thing.key)
            if again is None or _etag(again) != thing.etag:
                raise Replaced()
            condition = self._destination("CompleteMultipartUpload", thing)
            answer = self._client.complete_multipart_upload(**upload, **condition, MultipartUpload={"Parts": parts})
        except BaseException:
            self.abort(thing.key, upload["UploadId"])
            raise
        if self.ledger:
            self.ledger.ended(upload["UploadId"])
        # Cut as it was uploaded, the sum is the same; then it has been proved that not one byte is another.
        same = self._told_by_etag({**found.head, **begun, **answer}) and _sum(parts) == thing.etag
        return Copied(_etag(answer), same)

    def _copied_parts(self, thing: Stored, upload: dict[str, t.Any], part_size: int) -> list[dict[str, t.Any]]:
        source = {**self._source(thing), **self._sse}

        def copy(number: int) -> dict[str, t.Any]:
            first, last = (number - 1) * part_size, min(number * part_size, thing.size) - 1
            answer = self._client.upload_part_copy(**upload, **source, PartNumber=number, CopySourceRange=f"bytes={first}-{last}")
            return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

        numbers = range(1, -(-thing.size // part_size) + 1)
        done = fan_out(numbers, copy, min(self.parts_at_once, len(numbers)), lambda: False)
        return sorted((part for part in done if part is not None), key=lambda part: int(part["PartNumber"]))

    def _cut(self, thing: Stored) -> int:
        """The size of the parts."""
        return self._known_cut(thing) or self._own_part(thing.size)

    def _known_cut(self, thing: Stored) -> int:
        """The size of the parts in which it was uploaded, so that the ETag stays; 0 if the store does not tell."""
        if thing.etag.partition("-")[2].isdigit():
            first = self._head(thing.key, PartNumber=1) or {}
            size, number = first.get("ContentLength", 0), first.get("PartsCount", 0)
            if number > 1 and self.part_min <= size <= self._profile.copy_max and -(-thing.size // size) == number:
                return int(size)
        return 0

    def _own_part(self, size: int) -> int:
        least = -(-size // self.max_parts)
        return min(self._profile.copy_max, max(self.part_size, self.part_min, -(-least // MIB) * MIB))

    def _described(self, found: Found) -> dict[str, t.Any]:
        """What CopyObject would take from the source by itself."""
        described = headers_of(found.head, f"copy {found.thing.key} in parts")
        if self._profile.object_tagging:
            described.update(self._tagging(found.thing.key))
        return described

    def _tagging(self, key: str) -> dict[str, str]:
        tags = self._client.get_object_tagging(**self._origin(key)).get("TagSet")
        # Not with "+" for a space, which Ceph takes for a plus.
        return {"Tagging": urlencode({tag["Key"]: tag["Value"] for tag in tags}, quote_via=quote)} if tags else {}

    # -- what is kept

    def _target(self) -> dict[str, t.Any]:
        return {"StorageClass": self._attributes.storage_class, **self._sse}

    def _kept(self, head: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What belongs to the object and has to be said again: encryption, redirect and locks."""
        kept = {name: head[name] for name in head if name in NOT_COPIED or name.startswith(LOCKS)}
        kept = {name: value for name, value in kept.items() if value != "OFF"}
        until = head.get("ObjectLockRetainUntilDate")
        if until is not None and until <= datetime.datetime.now(datetime.timezone.utc):
            # Nobody may lock anything until yesterday.
            kept = {name: value for name, value in kept.items() if name not in RETENTION}
        if not self._sse and "ServerSideEncryption" in head:
            kept["ServerSideEncryption"] = head["ServerSideEncryption"]
            if head["ServerSideEncryption"] in KMS:
                kept.update({name: head[name] for name in ("SSEKMSKeyId", "BucketKeyEnabled") if name in head})
        return kept

    def _acl(self, key: str) -> grants.Acl:
        if not self.keeps_acl:
            return {}
        try:
            with self._explaining(f"read the ACL of {key} in bucket {self._bucket}"):
                answer: grants.Acl = self._client.get_object_acl(**self._place(key))
        except MediastoreError as exc:
            if exc.code in NO_ACLS:
                return {}
            if exc.code == "AccessDenied":
                exc.remedy = "Give the key the right to read and write ACLs, or set keep_acl to false if no object has one."
            raise
        return answer

    def _keep_acl(self, key: str, acl: grants.Acl) -> None:
        """See that the copy has the ACL of its source; the headers of the copy should have done it."""
        if grants.granted(self._acl(key)) != grants.granted(acl):
            self._client.put_object_acl(**self._place(key), AccessControlPolicy=grants.policy(acl))
            if grants.granted(self._acl(key)) != grants.granted(acl):
                raise StoreRefused(
                    f"keep the ACL of {key}",
                    said="the store accepted it and shows another one",
                    remedy="Set the ACL of this object by hand.",
                    code="NotKept",
                )

    def _without_acls(self) -> bool:
        """Whether the bucket has switched ACLs off, or the store has none."""
        if self._profile.has("ownership"):
            answer = self._ask("get_bucket_ownership_controls")
            rules = answer.get("OwnershipControls", {}).get("Rules", []) if answer else []
            if any(rule.get("ObjectOwnership") == "BucketOwnerEnforced" for rule in rules):
                return True
        # A store that takes "?acl" of a bucket for something else would answer it of an object with the object.
        return self._profile.facets.acl == "ask" and self._ask("get_bucket_acl") is None

    def _ask(self, method: str) -> dict[str, t.Any] | None:
        """The answer about the bucket; None if the store does not know the question, empty if it will not answer."""
        try:
            with self._explaining(f"ask bucket {self._bucket} ({method})"):
                answer: dict[str, t.Any] = getattr(self._client, method)(Bucket=self._bucket)
        except MediastoreError as exc:
            return None if exc.code in NO_ACLS else {}
        return answer

    # -- requests

    def _head(self, key: str, **more: t.Any) -> dict[str, t.Any] | None:
        place = self._origin(key)
        try:
            with self._explaining(f"look at {place['Key']} in bucket {place['Bucket']}"):
                head: dict[str, t.Any] = self._client.head_object(**place, **self._sse, **more)
        except MediastoreError as exc:
            if exc.code in GONE:
                return None
            if exc.code == "400":
                # An answer to HEAD has no body that could say so.
                exc.remedy = (
                    "Leave sse_customer_key out for objects that are not encrypted with it."
                    if self._sse
                    else "If it is encrypted with a key of yours (SSE-C), set sse_customer_key."
                )
            raise
        return head

    def _hurdle(self, thing: Stored, head: t.Mapping[str, t.Any]) -> str:
        if thing.size > self._profile.copy_max and not self._profile.multipart_copy:
            return TOO_LARGE
        # Elsewhere a class may have such a name and be like any other: then the store decides.
        asleep = thing.storage_class in ARCHIVES and thing.storage_class in (self._profile.storage_classes or ())
        restored = 'ongoing-request="false"' in head.get("Restore", "")
        return ARCHIVED if "ArchiveStatus" in head or (asleep and not restored) else ""

    def _place(self, key: str) -> dict[str, t.Any]:
        return {"Bucket": self._bucket, "Key": key}

    def _origin(self, key: str) -> dict[str, t.Any]:
        """Where the object is that is copied to this key: here it is the same."""
        return self._place(key)

    def _source(self, thing: Stored) -> dict[str, t.Any]:
        source = {"CopySource": self._origin(thing.key), "CopySourceIfMatch": f'"{thing.etag}"'}
        return {**source, **{f"CopySource{name}": value for name, value in self._sse.items()}}

    def _destination(self, operation: str, thing: Stored) -> dict[str, t.Any]:
        """The condition that what is overwritten is what was read, where store and botocore know it."""
        known = self._client.meta.service_model.operation_model(operation).input_shape.members
        return {"IfMatch": f'"{thing.etag}"'} if self._profile.conditional_put and "IfMatch" in known else {}

    def _told_by_etag(self, answer: t.Mapping[str, t.Any]) -> bool:
        return self._receipt(dict(answer), True).etag_is_md5

    @contextlib.contextmanager
    def _overtaken(self, tried: str) -> t.Iterator[None]:
        try:
            with self._explaining(tried):
                yield
        except MediastoreError as exc:
            if exc.code in OVERTAKEN:
                raise Replaced() from exc
            if exc.code in ASLEEP:
                raise Barred(ARCHIVED) from exc
            if exc.code in NO_CLASS:
                exc.remedy = f"Check that the store has the storage class {self._attributes.storage_class}."
            raise


def headers_of(head: t.Mapping[str, t.Any], tried: str) -> dict[str, t.Any]:
    """The headers with which the object was uploaded, from what GET or HEAD says."""
    if head.get("MissingMeta") or ("ExpiresString" in head and "Expires" not in head):
        raise StoreRefused(
            tried,
            said="it has metadata or an Expires header that cannot be read as text or date, and would be lost",
            remedy="Upload it again as it is to be.",
            code="UnreadableMetadata",
        )
    return {name: head[name] for name in HEADERS if name in head}


def _etag(answer: t.Mapping[str, t.Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')


def _stored(key: str, size: int, said: t.Mapping[str, t.Any]) -> Stored:
    return Stored(key, size, _etag(said), said.get("StorageClass") or STANDARD, said["LastModified"].timestamp())


def _sum(parts: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """The ETag that S3 makes of these parts; nothing if the parts' own ETags are no sums."""
    try:
        return multipart_etag(bytes.fromhex(_etag(part)) for part in parts)
    except ValueError:
        return ""
