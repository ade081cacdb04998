# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Garage's administration interface, for what S3 has no words for: quotas, names for all keys, keys."""

from __future__ import annotations

import typing as t

from .._core.errors import BadInput, StoreRefused
from .connection import Connection
from .facet import Facet, member
from .rest import Rest

QUOTAS = {"max_size": "maxSize", "max_objects": "maxObjects"}
REMEDIES: dict[t.Any, str] = {
    "NoSuchBucket": "Create the bucket first (mediastore.s3.bucket), or give it this name for all keys (garage bucket alias).",
    "NoSuchAccessKey": "Run again: somebody else has deleted the key.",
    # an answer without a code is not Garage's, or that of its S3 interface
    "400": "Check admin_url: it must be Garage's administration interface (port 3903), not S3's.",
    401: "Check admin_token: it is admin_token in Garage's configuration file.",
    403: "Check admin_token: it is admin_token in Garage's configuration file.",
    404: "Check admin_url, and that Garage is of version 1 or newer.",
}
#: What a call of version 2 is in version 1, which Garage 1 has; what is asked and answered is the same but for times of keys.
VERSION_1 = {
    "ListKeys": ("GET", "v1/key"),
    "GetKeyInfo": ("GET", "v1/key"),
    "ImportKey": ("POST", "v1/key/import"),
    "UpdateKey": ("POST", "v1/key"),
    "DeleteKey": ("DELETE", "v1/key"),
    "GetBucketInfo": ("GET", "v1/bucket"),
    "CreateBucket": ("POST", "v1/bucket"),
    "UpdateBucket": ("PUT", "v1/bucket"),
    "DeleteBucket": ("DELETE", "v1/bucket"),
    "AllowBucketKey": ("POST", "v1/bucket/allow"),
    "DenyBucketKey": ("POST", "v1/bucket/deny"),
    "AddBucketAlias": ("PUT", "v1/bucket/alias/global?id={bucketId}&alias={globalAlias}"),
    "RemoveBucketAlias": ("DELETE", "v1/bucket/alias/global?id={bucketId}&alias={globalAlias}"),
}
#: how Garage 1 says that it does not know version 2
UNKNOWN = "Unknown API endpoint"


def require_administration(connection: Connection, tried: str, what: str = "quotas and aliases are") -> None:
    """Raise before anything is sent if nobody has said where the administration interface is."""
    if not connection.admin_url or not connection.admin_token:
        raise BadInput(
            tried,
            said=f"{what} no part of S3, and admin_url or admin_token is empty",
            remedy="Set both: the URL of Garage's administration interface (port 3903) and its admin_token.",
        )


class Administration:
    """The interface in the version that is there. Calls have their names of version 2."""

    def __init__(self, connection: Connection) -> None:
        bearer = {"Authorization": f"Bearer {connection.admin_token}"}
        self._rest = Rest(connection, str(connection.admin_url), "Garage", headers=bearer, remedies=REMEDIES)
        self._version: int | None = None

    @property
    def version(self) -> int:
        """1 or 2, for what only one of them can do; costs a request unless there was one before."""
        if self._version is None:
            self.call("ListKeys")
        return self._version or 2

    def call(self, name: str, query: dict[str, str] | None = None, body: t.Any = None) -> t.Any:
        """The answer; only where nothing is known of version 2 the same is asked in version 1."""
        if self._version != 1:
            try:
                answer = self._rest.call("GET" if name.startswith(("Get", "List")) else "POST", f"v2/{name}", query, body)
            except StoreRefused as exc:
                if self._version == 2 or UNKNOWN not in exc.said:
                    raise
            else:
                self._version = 2
                return answer
        method, path = VERSION_1[name]
        found = self._rest.call(method, path.format(**body), None) if "{" in path else self._rest.call(method, path, query, body)
        self._version = 1
        return found


class GarageAdmin:
    """The calls that the collection needs; they look like those of an S3 client."""

    def __init__(self, connection: Connection, tried: str) -> None:
        require_administration(connection, tried)
        self._connection = connection
        self._administration = Administration(connection)

    def create_bucket(self, Bucket: str) -> None:
        """Make a bucket that every key may be let into, and let in this one.

        A bucket that is made through S3 has its name for that one key only.
        """
        made = self._call("CreateBucket", body={"globalAlias": Bucket})
        rights = {"read": True, "write": True, "owner": True}
        if self._connection.access_key:
            allowed = {"bucketId": made["id"], "accessKeyId": self._connection.access_key, "permissions": rights}
            self._call("AllowBucketKey", body=allowed)

    def delete_bucket(self, Bucket: str) -> None:
        """Delete a bucket with all its names; Garage refuses if it holds anything."""
        self._call("DeleteBucket", {"id": self._info(Bucket)["id"]})

    def get_bucket_quota(self, Bucket: str) -> dict[str, t.Any]:
        """The limits of a bucket."""
        return self._info(Bucket)

    def put_bucket_quota(self, Bucket: str, Quota: dict[str, t.Any]) -> None:
        """Set both limits."""
        self._call("UpdateBucket", {"id": self._info(Bucket)["id"]}, {"quotas": Quota})

    def get_bucket_aliases(self, Bucket: str) -> dict[str, t.Any]:
        """The names of a bucket, its own one left out."""
        return {"Aliases": [name for name in member(self._info(Bucket), "globalAliases") if name != Bucket]}

    def put_bucket_aliases(self, Bucket: str, Aliases: t.Sequence[str]) -> None:
        """Give it these names, and its own."""
        info = self._info(Bucket)
        present = set(info["globalAliases"]) - {Bucket}
        # New names first: whoever follows one of them is never left without a bucket.
        for name in sorted(set(Aliases) - present):
            self._call("AddBucketAlias", body={"bucketId": info["id"], "globalAlias": name})
        for name in sorted(present - set(Aliases)):
            self._call("RemoveBucketAlias", body={"bucketId": info["id"], "globalAlias": name})

    def _info(self, bucket: str) -> dict[str, t.Any]:
        return self._call("GetBucketInfo", {"globalAlias": bucket})

    def _call(self, name: str, query: dict[str, str] | None = None, body: t.Any = None) -> dict[str, t.Any]:
        found = self._administration.call(name, query, body)
        return found if isinstance(found, dict) else {}


def _canonical_quota(value: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    # No limit is written as 0 by users and as nothing by Garage.
    return {name: (value or {}).get(name) or 0 for name in QUOTAS}


QUOTA = Facet(
    name="quota",
    title="quota",
    option="quota",
    get="get_bucket_quota",
    put="put_bucket_quota",
    delete=None,
    missing=(),
    parse=lambda answer: {ours: member(answer, "quotas").get(theirs) for ours, theirs in QUOTAS.items()},
    body=lambda value: {"Quota": {theirs: value.get(ours) or None for ours, theirs in QUOTAS.items()}},
    canonical=_canonical_quota,
    administered=True,
)

ALIASES = Facet(
    name="aliases",
    title="aliases",
    option="aliases",
    get="get_bucket_aliases",
    put="put_bucket_aliases",
    delete=None,
    missing=(),
    parse=lambda answer: answer["Aliases"],
    body=lambda names: {"Aliases": names},
    canonical=lambda names: sorted(set(names or [])),
    administered=True,
)
