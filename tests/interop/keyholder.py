# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody can do who holds a key: tried with plain boto3, not asked of any administration interface."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.tests.servers.plain import plain_client

#: answers that mean "you may not", as opposed to "this does not exist" or a broken server
REFUSALS = ("AccessDenied", "403", "Forbidden", "AllAccessDisabled", "UnauthorizedAccess")
#: answers that mean "I do not know this key" (any more)
UNKNOWN = (
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "AccessDenied",
    "403",
    "Forbidden",
    "InvalidSecurity",
)


def client(connection: dict[str, Any], access_key: str, secret_key: str) -> Any:
    """A boto3 client with this key."""
    return plain_client({**connection, "access_key": access_key, "secret_key": secret_key}, connection.get("region"))


class KeyHolder:
    """A key at the doors of a bucket; `owner` is a client that may do everything, and makes what is needed for a try."""

    def __init__(self, owner: Any, holder: Any, bucket: str, prefix: str = "") -> None:
        self._owner = owner
        self._holder = holder
        self.bucket = bucket
        self.prefix = prefix

    def may(self, name: str) -> bool:
        """Whether the try succeeds; an answer that is neither yes nor no raises."""
        try:
            getattr(self, f"_try_{name}")()
        except ClientError as exc:
            # Some stores refuse an upload before they have read it. What was still to come is then taken for the next request
            # (400), or the connection is closed under that one, so it is not used again.
            self._holder.close()
            code = str(exc.response["Error"].get("Code", ""))
            # What a store does not have (501), nobody may do.
            if code in REFUSALS or exc.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 501):
                return False
            raise
        return True

    def known(self) -> bool:
        """Whether the store lets the key in at all, for the rights that it has."""
        return any(self.may(name) for name in ("list", "read", "write"))

    def waits_for(self, name: str, wanted: bool, seconds: float = 30.0) -> bool:
        """Whether the try ends as wanted, now or soon: some stores need a moment."""
        return until(lambda: self.may(name) is wanted, seconds)

    def _key(self) -> str:
        return f"{self.prefix}{secrets.token_hex(6)}"

    def _left(self, body: bytes = b"content") -> str:
        key = self._key()
        self._owner.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def _try_list(self) -> None:
        self._holder.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)

    def _try_read(self) -> None:
        assert self._holder.get_object(Bucket=self.bucket, Key=self._left())["Body"].read() == b"content"

    def _try_write(self) -> None:
        key = self._key()
        self._holder.put_object(Bucket=self.bucket, Key=key, Body=b"written")
        assert self._owner.head_object(Bucket=self.bucket, Key=key)["ContentLength"] == 7

    def _try_write_parts(self) -> None:
        key = self._key()
        upload = self._holder.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]
        whole = {"Bucket": self.bucket, "Key": key, "UploadId": upload}
        part = self._holder.upload_part(**whole, PartNumber=1, Body=b"part")["ETag"]
        self._holder.list_parts(**whole)
        self._holder.complete_multipart_upload(**whole, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})

    def _try_abort(self) -> None:
        key = self._key()
        upload = self._holder.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]
        self._holder.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)

    def _try_delete(self) -> None:
        self._holder.delete_object(Bucket=self.bucket, Key=self._left())

    def _try_delete_many(self) -> None:
        wanted = {"Objects": [{"Key": self._left()} for _number in range(2)]}
        for error in self._holder.delete_objects(Bucket=self.bucket, Delete=wanted).get("Errors", []):
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 200}}, "DeleteObjects")

    def _try_put_policy(self) -> None:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/*"}
        policy = f'{{"Version": "2012-10-17", "Statement": [{str(statement)}]}}'.replace("'", '"')
        self._holder.put_bucket_policy(Bucket=self.bucket, Policy=policy)

    def _try_put_lifecycle(self) -> None:
        rule = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": "zzz/"}, "Expiration": {"Days": 3650}}
        self._holder.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": [rule]})

    def _try_put_cors(self) -> None:
        rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
        self._holder.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": [rule]})

    def _try_delete_bucket(self) -> None:
        # It holds objects, so whoever may delete it is told that it is not empty.
        self._left()
        try:
            self._holder.delete_bucket(Bucket=self.bucket)
        except ClientError as exc:
            if exc.response["Error"].get("Code") != "BucketNotEmpty":
                raise

    def _try_list_buckets(self) -> None:
        """Whether it sees a bucket that is not its own; that many stores answer with an empty list is no harm."""
        seen = {bucket["Name"] for bucket in self._holder.list_buckets().get("Buckets", [])}
        if not seen - {self.bucket}:
            raise ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "ListBuckets")

    def _try_create_bucket(self) -> None:
        self._holder.create_bucket(Bucket=f"intruder-{secrets.token_hex(4)}")


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it comes true within that time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
