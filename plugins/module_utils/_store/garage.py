# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Garage's administration interface, for what S3 has no words for: quotas, names for all keys. Version 2 of its API."""

from __future__ import annotations

import typing as t

from .._core.errors import BadInput
from .connection import Connection
from .facet import Facet, member
from .rest import Rest

QUOTAS = {"max_size": "maxSize", "max_objects": "maxObjects"}
REMEDIES: dict[t.Any, str] = {
    "NoSuchBucket": "Create the bucket first (mediastore.s3.bucket), or give it this name for all keys (garage bucket alias).",
    401: "Check admin_token: it is admin_token in Garage's configuration file.",
    403: "Check admin_token: it is admin_token in Garage's configuration file.",
    404: "Check admin_url, and that Garage is of version 2 or newer.",
}


def require_administration(connection: Connection, tried: str) -> None:
    """Raise before anything is sent if nobody has said where the administration interface is."""
    if not connection.admin_url or not connection.admin_token:
        raise BadInput(
            tried,
            said="quotas and aliases are no part of S3, and admin_url or admin_token is empty",
            remedy="Set both: the URL of Garage's administration interface (port 3903) and its admin_token.",
        )


class GarageAdmin:
    """The calls that the collection needs; they look like those of an S3 client."""

    def __init__(self, connection: Connection, tried: str) -> None:
        require_administration(connection, tried)
        self._connection = connection
        self._rest = Rest(
            connection,
            str(connection.admin_url),
            "Garage",
            headers={"Authorization": f"Bearer {connection.admin_token}"},
            remedies=REMEDIES,
        )

    def create_bucket(self, Bucket: str) -> None:
        """Make a bucket that every key may be let into, and let in this one.

        A bucket that is made through S3 has its name for that one key only.
        """
        made = self._call("POST", "CreateBucket", body={"globalAlias": Bucket})
        rights = {"read": True, "write": True, "owner": True}
        if self._connection.access_key:
            allowed = {"bucketId": made["id"], "accessKeyId": self._connection.access_key, "permissions": rights}
            self._call("POST", "AllowBucketKey", body=allowed)

    def delete_bucket(self, Bucket: str) -> None:
        """Delete a bucket with all its names; Garage refuses if it holds anything."""
        self._call("POST", "DeleteBucket", {"id": self._info(Bucket)["id"]})

    def get_bucket_quota(self, Bucket: str) -> dict[str, t.Any]:
        """The limits of a bucket."""
        return self._info(Bucket)

    def put_bucket_quota(self, Bucket: str, Quota: dict[str, t.Any]) -> None:
        """Set both limits."""
        self._call("POST", "UpdateBucket", {"id": self._info(Bucket)["id"]}, {"quotas": Quota})

    def get_bucket_aliases(self, Bucket: str) -> dict[str, t.Any]:
        """The names of a bucket, its own one left out."""
        return {"Aliases": [name for name in member(self._info(Bucket), "globalAliases") if name != Bucket]}

    def put_bucket_aliases(self, Bucket: str, Aliases: t.Sequence[str]) -> None:
        """Give it these names, and its own."""
        info = self._info(Bucket)
        present = set(info["globalAliases"]) - {Bucket}
        # New names first: whoever follows one of them is never left without a bucket.
        for name in sorted(set(Aliases) - present):
            self._call("POST", "AddBucketAlias", body={"bucketId": info["id"], "globalAlias": name})
        for name in sorted(present - set(Aliases)):
            self._call("POST", "RemoveBucketAlias", body={"bucketId": info["id"], "globalAlias": name})

    def _info(self, bucket: str) -> dict[str, t.Any]:
        return self._call("GET", "GetBucketInfo", {"globalAlias": bucket})

    def _call(self, method: str, name: str, query: dict[str, str] | None = None, body: t.Any = None) -> dict[str, t.Any]:
        found = self._rest.call(method, f"v2/{name}", query, body)
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
