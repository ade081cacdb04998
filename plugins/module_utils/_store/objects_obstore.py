# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The fast engine: obstore moves the many small objects, and boto3 does the rest."""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._core.digest import CHUNK, MIB
from .._core.model import Attributes, Receipt
from .._core.ports import Reading
from .._core.retry import pause_before_next
from .objects import KMS, MTIME, BotoStore, content_type, mtime_of, mtime_text
from .obstore_client import make_store
from .obstore_faults import ERRORS, Fault

with contextlib.suppress(ImportError):
    import obstore

if t.TYPE_CHECKING:
    from .connection import Connection
    from .profile import Profile

#: Above this size the number of objects is no longer what counts, and obstore's patience begins with the first byte that is sent,
#: which a slow line would use up.
LARGEST = 1 * MIB
#: parts of a key that obstore drops or resolves
_CHANGED = frozenset(("", ".", ".."))

_Done = t.TypeVar("_Done")


class ObstoreStore(BotoStore):
    """obstore for what is small, boto3 for listings, for uploads in parts, and for whatever obstore turns out not to manage.

    Why not obstore for all: it makes other keys of some keys, in listings too, and it does not tell the id of an upload in parts,
    without which nobody could take it back after a kill.
    """

    def __init__(
        self,
        client: t.Any,
        bucket: str,
        connection: Connection,
        profile: Profile,
        attributes: Attributes | None = None,
        sse_customer_key: str | None = None,
    ) -> None:
        super().__init__(client, bucket, connection, profile, attributes, sse_customer_key)
        key = _customer_key(sse_customer_key)
        self._reader = make_store(client, bucket, connection, key)
        acl = {"x-amz-acl": self._attributes.acl} if self._attributes.acl else None
        encryption = {**_encryption(self._attributes), **key}
        #: whether a checksum that the store compares stands in for an ETag that tells nothing; obstore cannot send Content-MD5
        self._checks = (self._hides_md5 or not profile.etag_is_md5) and "sha256" in profile.checks
        config = {**encryption, **({"checksum_algorithm": "sha256"} if self._checks else {})}
        same = not acl and config == key
        self._writer = self._reader if same else make_store(client, bucket, connection, config, acl)
        self._constant = _constant(self._attributes)
        #: whether anything went through obstore yet
        self._works = False
        #: why boto3 does everything now, if it does
        self._instead = ""
        self._reason = ""

    @property
    def engine(self) -> str:  # type: ignore[override]
        """Who moves the objects."""
        return "boto3" if self._instead else "obstore"

    @property
    def engine_reason(self) -> str:
        """Why it is this one."""
        return f"obstore did not manage: {self._instead}" if self._instead else self._reason

    @engine_reason.setter
    def engine_reason(self, reason: str) -> None:
        self._reason = reason

    def put(self, key: str, body: bytes | bytearray, md5: bytes, mtime_ns: int) -> Receipt:
        """Store an object in one request. TLS, or where there is none the signature, lets the store notice damage on the way."""
        if self._instead or len(body) > LARGEST or not carries(key):
            return super().put(key, body, md5, mtime_ns)
        own = self._attributes.of(key)
        if own.acl != self._attributes.acl:
            # obstore sends the same headers with every object, and attributes cannot be an ACL
            return super().put(key, body, md5, mtime_ns)
        said = {
            **(self._constant if own is self._attributes else _constant(own)),
            "Content-Type": content_type(own, key),
            MTIME: mtime_text(mtime_ns),
            **own.metadata,
        }
        try:
            answer = self._patiently(
                lambda: obstore.put(self._writer, key, body, attributes=t.cast(t.Any, said), use_multipart=False)
            )
        except ERRORS as exc:
            tried = f"upload {key} to bucket {self._bucket}"
            return self._second_opinion(exc, tried, "PutObject", lambda: super(ObstoreStore, self).put(key, body, md5, mtime_ns))
        self._works = True
        etag = (answer["e_tag"] or "").strip('"')
        return Receipt(etag, self._tells_md5(key, etag, md5), checked=self._checks)

    def _open(self, key: str, start: int) -> Reading:
        # The rest of an object is rarely asked for, and obstore wants the status 206 for it, where rclone answers 200.
        if self._instead or start or not carries(key):
            return super()._open(key, start)
        try:
            found = self._patiently(lambda: obstore.get(self._reader, key))
            meta = found.meta
            # Some servers' headers cannot be read as text, which is noticed here.
            metadata = t.cast(t.Any, found.attributes)
        except ERRORS as exc:
            tried = f"read {key} from bucket {self._bucket}"
            return self._second_opinion(exc, tried, "GetObject", lambda: super(ObstoreStore, self)._open(key, 0))
        self._works = True
        mtime_ns = mtime_of({"Metadata": metadata, "LastModified": meta["last_modified"]})
        return Reading(meta["size"], (meta["e_tag"] or "").strip('"'), mtime_ns, self._stream(key, found))

    def _stream(self, key: str, found: t.Any) -> t.Iterator[bytes]:
        try:
            for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)
        except ERRORS as exc:
            raise Fault(exc).explain(f"read {key} from bucket {self._bucket}", "GetObject", self._connection) from exc

    def _patiently(self, act: t.Callable[[], _Done]) -> _Done:
        """Do it again where that may help. obstore could, and would not tell that the store asked for fewer requests."""
        sent = 0
        while True:
            try:
                return act()
            except ERRORS as exc:
                fault, sent = Fault(exc), sent + 1
                self._heard(fault.status, fault.code)
                most = self._connection.max_attempts
                pause = pause_before_next(sent, most, fault.busy) if fault.passing else None
                if pause is None:
                    raise
                time.sleep(pause)

    def _second_opinion(self, exc: BaseException, tried: str, operation: str, by_boto: t.Callable[[], _Done]) -> _Done:
        """What to make of an error of obstore's: an error of ours, or a success of boto3's.

        The two do not trust the same certificates, follow the same redirects or send the same headers. So boto3 has the last
        word about every refusal until something went through obstore, and about odd ones later too. Where it succeeds it goes on.
        """
        fault = Fault(exc)
        if fault.passing or self._works and fault.status in (401, 403, 404):
            raise fault.explain(tried, operation, self._connection) from exc
        done = by_boto()
        if operation == "PutObject" or fault.status or fault.untrusted:
            self._instead = fault.words
        return done

    def _tells_md5(self, key: str, etag: str, md5: bytes) -> bool:
        """Whether the ETag has to be the MD5; where it is not, the bucket may encrypt with a key server by itself."""
        if not self._profile.etag_is_md5 or self._hides_md5:
            return False
        if etag == md5.hex():
            return True
        with self._explaining(f"look at {key} in bucket {self._bucket}"):
            head = self._client.head_object(Bucket=self._bucket, Key=key, **self._sse)
        return head.get("ServerSideEncryption") not in KMS


def carries(key: str) -> bool:
    """Whether obstore leaves the key as it is: it drops slashes at the ends and refuses some others."""
    # What str.isprintable() takes for a control character goes to boto3 as well, which costs nothing but a little time.
    return key.isprintable() and _CHANGED.isdisjoint(key.split("/"))


def _customer_key(text: str | None) -> dict[str, str]:
    return {"server_side_encryption": "sse-c", "sse_customer_key_base64": text} if text else {}


def _encryption(attributes: Attributes) -> dict[str, str]:
    said = {"server_side_encryption": attributes.encryption, "sse_kms_key_id": attributes.kms_key_id}
    return {name: value for name, value in said.items() if value}


def _constant(attributes: Attributes) -> dict[str, str]:
    """What is the same for all objects."""
    said = {
        "Cache-Control": attributes.cache_control,
        "Content-Disposition": attributes.content_disposition,
        "Storage-Class": attributes.storage_class,
    }
    return {name: value for name, value in said.items() if value}
