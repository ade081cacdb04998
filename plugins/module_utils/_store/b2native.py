# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Buckets through Backblaze's own interface, behind methods that look like those of an S3 client.

There all settings of a bucket are shown together, with a number that grows with every change. What is written names the number
that was read, so that two who change a bucket at once cannot undo each other's work: the second one is refused.
"""

from __future__ import annotations

import types
import typing as t
from urllib.parse import urlsplit

from .acl import GROUPS, canned
from .b2 import Account, in_words_of_s3, library
from .b2documents import cors_to_b2, cors_to_s3, lifecycle_to_b2, lifecycle_to_s3
from .faults import ClientError, code_of, refusal

if t.TYPE_CHECKING:
    from .connection import Connection
    from .profile import Profile

Answer = t.Dict[str, t.Any]

#: canned ACL -> the type of a bucket
TYPES = {"private": "allPrivate", "public-read": "allPublic"}
#: how many a page of a listing has
PAGE = 1000
#: what a file version is called in S3; the others are uploads that were never finished
VERSIONS = {"upload": "Versions", "hide": "DeleteMarkers"}


class NativeClient:
    """The calls of an S3 client that buckets need; objects are only listed and deleted."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._account = Account(connection, profile, "use Backblaze's own interface")
        #: bucket -> how it was last seen
        self._seen: dict[str, t.Any] = {}

    @property
    def meta(self) -> t.Any:
        """Where the account's buckets are, for S3 clients."""
        with in_words_of_s3():
            url = str(self._account.api.account_info.get_s3_api_url())
        host = (urlsplit(url).hostname or "").split(".")
        return types.SimpleNamespace(endpoint_url=url, region_name=host[1] if host[0] == "s3" else None)

    # -- buckets

    def list_buckets(self) -> Answer:
        """All buckets."""
        with in_words_of_s3():
            return {"Buckets": [{"Name": bucket.name} for bucket in self._account.api.list_buckets()]}

    def head_bucket(self, Bucket: str) -> Answer:
        """Whether it is there."""
        self._look(Bucket)
        return {"ResponseMetadata": {}}

    def create_bucket(self, Bucket: str, ObjectLockEnabledForBucket: bool = False, **place: t.Any) -> None:
        """Make a private bucket. Its place is the account's."""
        lock = {"is_file_lock_enabled": True} if ObjectLockEnabledForBucket else {}
        with in_words_of_s3():
            self._seen[Bucket] = self._account.api.create_bucket(Bucket, TYPES["private"], **lock)

    def delete_bucket(self, Bucket: str) -> None:
        """Delete an empty bucket."""
        bucket = self._look(Bucket)
        with in_words_of_s3():
            self._account.api.delete_bucket(bucket)
        self._seen.pop(Bucket, None)

    def get_bucket_location(self, Bucket: str) -> Answer:
        """The region of the account."""
        return {"LocationConstraint": self.meta.region_name}

    # -- settings

    def get_bucket_versioning(self, Bucket: str) -> Answer:
        """Always on."""
        self._look(Bucket)
        return {"Status": "Enabled"}

    def get_bucket_acl(self, Bucket: str) -> Answer:
        """The type of the bucket as an access list."""
        bucket = self._look(Bucket)
        owner = {"Type": "CanonicalUser", "ID": "account"}
        grants = [{"Grantee": owner, "Permission": "FULL_CONTROL"}]
        if bucket.type_ == TYPES["public-read"]:
            grants.append({"Grantee": {"Type": "Group", "URI": f"{GROUPS}AllUsers"}, "Permission": "READ"})
        return {"Owner": owner, "Grants": grants}

    def put_bucket_acl(self, Bucket: str, ACL: str = "", AccessControlPolicy: t.Any = None) -> None:
        """Make the bucket private or public."""
        self._update(Bucket, bucket_type=TYPES[ACL or canned(AccessControlPolicy)])

    def get_bucket_lifecycle_configuration(self, Bucket: str) -> Answer:
        """The lifecycle rules."""
        return {"Rules": lifecycle_to_s3(self._look(Bucket).lifecycle_rules)}

    def put_bucket_lifecycle_configuration(self, Bucket: str, LifecycleConfiguration: Answer) -> None:
        """Set all of them."""
        self._update(Bucket, lifecycle_rules=lifecycle_to_b2(LifecycleConfiguration["Rules"]))

    def delete_bucket_lifecycle(self, Bucket: str) -> None:
        """Remove all of them."""
        self._update(Bucket, lifecycle_rules=[])

    def get_bucket_cors(self, Bucket: str) -> Answer:
        """The CORS rules."""
        rules = self._look(Bucket).cors_rules
        if not rules:
            raise refusal("NoSuchCORSConfiguration", 404, "", "GetBucketCors")
        return {"CORSRules": cors_to_s3(rules)}

    def put_bucket_cors(self, Bucket: str, CORSConfiguration: Answer) -> None:
        """Set all of them."""
        self._update(Bucket, cors_rules=cors_to_b2(CORSConfiguration["CORSRules"]))

    def delete_bucket_cors(self, Bucket: str) -> None:
        """Remove all of them."""
        self._update(Bucket, cors_rules=[])

    def get_bucket_encryption(self, Bucket: str) -> Answer:
        """The default encryption, which new buckets have by themselves."""
        setting = self._look(Bucket).default_server_side_encryption
        if setting.mode.value is None:
            raise _hidden("readBucketEncryption", "GetBucketEncryption")
        if setting.algorithm is None:
            raise refusal("ServerSideEncryptionConfigurationNotFoundError", 404, "", "GetBucketEncryption")
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": setting.algorithm.value}}
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    def put_bucket_encryption(self, Bucket: str, ServerSideEncryptionConfiguration: Answer) -> None:
        """Switch it on for an old bucket; there is but one kind."""
        self._update(Bucket, default_server_side_encryption=library().SSE_B2_AES)

    def delete_bucket_encryption(self, Bucket: str) -> None:
        """Backblaze does not switch it off any more."""
        raise refusal("NotImplemented", 501, "default encryption cannot be switched off", "DeleteBucketEncryption")

    def get_object_lock_configuration(self, Bucket: str) -> Answer:
        """Whether objects can be locked."""
        locked = self._look(Bucket).is_file_lock_enabled
        if locked is None:
            raise _hidden("readBucketRetentions", "GetObjectLockConfiguration")
        if not locked:
            raise refusal("ObjectLockConfigurationNotFoundError", 404, "", "GetObjectLockConfiguration")
        return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}

    # -- what is in a bucket, to delete it

    def list_objects_v2(self, Bucket: str, MaxKeys: int = PAGE, ContinuationToken: str | None = None) -> Answer:
        """A page of the objects."""
        bucket = self._look(Bucket)
        with in_words_of_s3():
            page = self._account.api.session.list_file_names(bucket.id_, ContinuationToken, MaxKeys)
        following = page["nextFileName"]
        shown = [{"Key": file["fileName"]} for file in page["files"] if file["action"] == "upload"]
        return {"Contents": shown, "IsTruncated": bool(following), "NextContinuationToken": following}

    def list_object_versions(self, Bucket: str, KeyMarker: str | None = None, VersionIdMarker: str | None = None) -> Answer:
        """A page of versions and delete markers. A marker of a version means that a newer one was on the page before."""
        bucket = self._look(Bucket)
        with in_words_of_s3():
            page = self._account.api.session.list_file_versions(bucket.id_, KeyMarker, VersionIdMarker, PAGE)
        shown: Answer = {name: [] for name in VERSIONS.values()}
        last = KeyMarker if VersionIdMarker else None
        for file in page["files"]:
            name = file["fileName"]
            if file["action"] in VERSIONS:
                entry = {"Key": name, "VersionId": file["fileId"], "IsLatest": name != last}
                shown[VERSIONS[file["action"]]].append(entry)
                last = name
        following = page["nextFileName"]
        marker = page["nextFileId"] if following == last else None
        return {**shown, "IsTruncated": bool(following), "NextKeyMarker": following, "NextVersionIdMarker": marker}

    def delete_objects(self, Bucket: str, Delete: Answer) -> Answer:
        """Delete versions one by one, since there is no other way; a name without a version is hidden."""
        bucket = self._look(Bucket)
        errors = []
        for entry in Delete["Objects"]:
            try:
                with in_words_of_s3():
                    if entry.get("VersionId"):
                        self._account.api.delete_file_version(entry["VersionId"], entry["Key"])
                    else:
                        bucket.hide_file(entry["Key"])
            except ClientError as exc:
                errors.append({"Key": entry["Key"], "Code": code_of(exc), "Message": exc.response["Error"].get("Message", "")})
        return {"Errors": errors}

    def list_multipart_uploads(self, Bucket: str, **markers: str) -> Answer:
        """The uploads that were never finished, all at once: they are few."""
        bucket = self._look(Bucket)
        with in_words_of_s3():
            found = [{"Key": file.file_name, "UploadId": file.file_id} for file in bucket.list_unfinished_large_files()]
        return {"Uploads": found, "IsTruncated": False}

    def abort_multipart_upload(self, Bucket: str, Key: str, UploadId: str) -> None:
        """Drop an upload that was never finished."""
        with in_words_of_s3():
            self._account.api.cancel_large_file(UploadId)

    # -- one bucket

    def _look(self, name: str) -> t.Any:
        """The bucket as it is now."""
        with in_words_of_s3():
            found = [bucket for bucket in self._account.api.list_buckets(bucket_name=name) if bucket.name == name]
        if not found:
            raise refusal("NoSuchBucket", 404, "no such bucket in this account", "HeadBucket")
        self._seen[name] = found[0]
        return found[0]

    def _update(self, name: str, **changes: t.Any) -> None:
        """Change the bucket, unless somebody else has since it was last seen here."""
        bucket = self._seen.get(name) or self._look(name)
        # After a refusal it must be looked at again.
        self._seen.pop(name, None)
        with in_words_of_s3():
            self._seen[name] = bucket.update(if_revision_is=bucket.revision, **changes)


def _hidden(capability: str, operation: str) -> ClientError:
    return refusal("AccessDenied", 403, f"the key has no {capability}", operation)
