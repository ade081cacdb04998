# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""One bucket of a store, in the few calls that everything else is made of."""

from __future__ import annotations

import typing as t

from .facet import UNKNOWN_CODES, Facet, NotThisFacet
from .faults import ClientError, code_of, explaining, status_of
from .garage import GarageAdmin
from .guard import not_s3
from .keypolicy import PolicyBesideKeys

if t.TYPE_CHECKING:
    from .connection import Connection
    from .profile import Profile

#: answers to CreateBucket by stores on which it is there already
ALREADY = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


class Bucket:
    """A bucket that may or may not exist."""

    def __init__(self, client: t.Any, connection: Connection, profile: Profile, name: str) -> None:
        self.name = name
        self.profile = profile
        self._client = client
        self.connection = connection

    @property
    def _administered(self) -> bool:
        # Through S3, Garage makes a bucket for one key only, and takes but one name from a bucket that has several.
        return self.profile.has("aliases") and bool(self.connection.admin_url)

    def _client_for(self, facet: Facet) -> t.Any:
        if facet.administered:
            return GarageAdmin(self.connection, f"use the {facet.title} of bucket {self.name}")
        if facet.name == "policy" and self.profile.keys.in_bucket_policy:
            return PolicyBesideKeys(self._client)
        return self._client

    def exists(self) -> bool:
        """Whether it is there and may be used with this key."""
        with explaining(f"look for bucket {self.name}", self.connection):
            try:
                answer = self._client.head_bucket(Bucket=self.name)
            except ClientError as exc:
                if status_of(exc) == 404:
                    return False
                if status_of(exc) in (301, 400, 403):
                    return self._exists_by_listing()
                raise
        # A console or a web site has a page for every path, and no bucket.
        if answer["ResponseMetadata"].get("HTTPHeaders", {}).get("content-type", "").startswith("text/html"):
            raise not_s3(f"look for bucket {self.name} at {self.connection.where}", "is a web page")
        return True

    def _exists_by_listing(self) -> bool:
        # An answer to HEAD has no body, so it cannot tell a wrong key from a wrong region; an answer to GET can.
        try:
            self._client.list_objects_v2(Bucket=self.name, MaxKeys=1)
        except ClientError as exc:
            if status_of(exc) == 404:
                return False
            raise
        return True

    def create(self, object_lock: bool = False) -> None:
        """Create it where the profile says; that somebody else was faster is no error if it is ours."""
        tried = f"create bucket {self.name}"
        if self._administered:
            return GarageAdmin(self.connection, tried).create_bucket(Bucket=self.name)
        lock = {"ObjectLockEnabledForBucket": True} if object_lock else {}
        with explaining(tried, self.connection):
            try:
                self._client.create_bucket(Bucket=self.name, **self._location(), **lock)
            except ClientError as exc:
                if code_of(exc) not in ALREADY or not self.exists():
                    raise

    def delete(self) -> None:
        """Delete it; the store refuses if it holds anything."""
        tried = f"delete bucket {self.name}"
        if self._administered:
            return GarageAdmin(self.connection, tried).delete_bucket(Bucket=self.name)
        with explaining(tried, self.connection):
            try:
                self._client.delete_bucket(Bucket=self.name)
            except ClientError as exc:
                if code_of(exc) != "NoSuchBucket":
                    raise

    def read(self, facet: Facet) -> t.Any:
        """The facet's value, None if nothing is set; Unsupported if the store shows that it does not know it."""
        tried = f"read the {facet.title} of bucket {self.name}"
        with explaining(tried, self.connection):
            try:
                value = facet.parse(getattr(self._client_for(facet), facet.get)(Bucket=self.name))
                # That nothing is set is said with an error; no answer at all is no proof that the store knows what it was asked.
                if value is None and getattr(self.profile.facets, facet.name) == "ask":
                    raise NotThisFacet(facet.name)
                return value
            except NotThisFacet as exc:
                said = f"the store's answer shows no {facet.title}, so it does not know that"
                raise self.profile.refuse(facet.name, tried, said) from exc
            except ClientError as exc:
                if code_of(exc) in facet.missing:
                    return None
                if code_of(exc) in UNKNOWN_CODES:
                    raise self.profile.refuse(
                        facet.name, tried, f"the store answered {code_of(exc)}, so it has no {facet.title}"
                    ) from exc
                raise

    def write(self, facet: Facet, value: t.Any, was_set: bool) -> None:
        """Set the facet, or remove it if the value is empty. DELETE is sent only for something a GET has shown."""
        tried = f"set the {facet.title} of bucket {self.name}"
        client = self._client_for(facet)
        with explaining(tried, self.connection):
            if facet.put is None:
                raise TypeError(f"{facet.title} is set when a bucket is made")
            if value in (None, {}, []) and facet.delete:
                if was_set:
                    getattr(client, facet.delete)(Bucket=self.name)
            else:
                getattr(client, facet.put)(Bucket=self.name, **facet.body(value))

    def location(self) -> str | None:
        """The region that the store says it is in."""
        with explaining(f"read the location of bucket {self.name}", self.connection):
            answer = self._client.get_bucket_location(Bucket=self.name)
        return answer.get("LocationConstraint") or None

    def endpoint(self) -> str:
        """The URL of the S3 interface that the bucket is at, for whoever is told to use it."""
        with explaining(f"read the endpoint of bucket {self.name}", self.connection):
            return str(self._client.meta.endpoint_url)

    def _location(self) -> dict[str, t.Any]:
        rule = self.profile.location_constraint
        place = self._client.meta.region_name if rule == "region" else rule
        # us-east-1 is the one region that Amazon wants to be left out, and everybody's default.
        if rule == "omit" or place in (None, "us-east-1", "aws-global"):
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": place}}


def names(client: t.Any, connection: Connection) -> list[str]:
    """All buckets that the key may see."""
    with explaining("list the buckets", connection):
        return sorted(bucket["Name"] for bucket in client.list_buckets().get("Buckets", []))
