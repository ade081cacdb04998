# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys of Scaleway Object Storage: an application of IAM with one policy, which is for all buckets of a project.

IAM cannot tell the buckets of a project apart: its conditions on resources are for other products only, and policies of buckets
would have to name everybody else on each bucket that is not meant. So grants have to name every bucket of the project, all with
the same rights; then a key can do what they say and nothing else. Whoever wants keys for one bucket gives it its own project.
"""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t
from urllib.parse import urlsplit

from ..._core.errors import BadInput, Unsupported
from ..._core.grants import Grant, Grants, in_order, merged
from ..bucket import names
from ..client import make_client
from .cloud import TRIED, every, gone_is_gone, interface, token_of, utc
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

# From Scaleway's Python client (scaleway/scaleway-sdk-python, iam/v1alpha1), which is generated from the API's own description,
# and what Scaleway's Terraform provider records of the service (internal/services/iam/testdata).
IAM = "iam/v1alpha1"
#: where a project can have buckets
REGIONS = ("fr-par", "it-mil", "nl-ams", "pl-waw")
HOST = ".scw.cloud"
#: permission sets -> rights (Scaleway's documentation, Amazon S3 and IAM permissions equivalence)
SETS = {
    ("ObjectStorageBucketsRead", "ObjectStorageObjectsRead"): ("list", "read"),
    ("ObjectStorageBucketsRead", "ObjectStorageObjectsRead", "ObjectStorageObjectsWrite"): ("list", "read", "write"),
    (
        "ObjectStorageBucketsRead",
        "ObjectStorageObjectsDelete",
        "ObjectStorageObjectsRead",
        "ObjectStorageObjectsWrite",
    ): ("list", "read", "write", "delete"),
}
TOKEN = "Set access_key and secret_key to an API key that may manage IAM, or admin_token to the secret key of one."
REMEDIES: dict[t.Any, str] = {
    400: "Correct what Scaleway does not like; names have 64 characters at most.",
    401: "Check admin_token, or secret_key where it is not set: it must be the secret key of a Scaleway API key.",
    403: "Give the bearer of admin_token's API key the permission sets IAMApplicationManager, IAMPolicyManager and IAMReadOnly.",
    404: "Check access_key, and admin_url: it is https://api.scaleway.com unless it is said.",
}


class ScalewayKeyring:
    """Applications, their policies and their API keys."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        # The secret key of S3 is the token of the API, too.
        known = dataclasses.replace(connection, admin_token=connection.admin_token or connection.secret_key)
        token = token_of(known, profile.title, TOKEN)
        if not connection.access_key:
            raise BadInput(TRIED, said="access_key is not set; it says which project is meant", remedy=TOKEN)
        self._connection = profile.complete(connection)
        self._profile = profile
        self._clients: list[tuple[t.Any, Connection]] = []
        self._rest = interface(connection, profile, {"X-Auth-Token": token}, REMEDIES, _refusal)

    def find(self, name: str) -> Holder | None:
        """The application of exactly that name."""
        place = self._place()
        application = self._application(name, place)
        if application is None:
            return None
        return Holder(name, tuple(self._keys(application, place)), self._granted(self._policies(application, place), place))

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """One more key of the application. Never sent again after an answer that leaves open whether it was made."""
        place = self._place()
        rights = self._rights(grants, place)
        application = self._application(name, place)
        if application is None:
            body = {"name": name, "organization_id": place.organization, "description": ""}
            application = str(self._rest.call("POST", f"{IAM}/applications", body=body)["id"])
        self._settle(name, application, rights, place)
        body = {"application_id": application, "default_project_id": place.project, "description": name}
        made = self._rest.call("POST", f"{IAM}/api-keys", body={**body, **({"expires_at": expires} if expires else {})})
        return _key(made, made["secret_key"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Change the policy of the application; it is for all its keys."""
        place = self._place()
        rights = self._rights(grants, place)
        application = self._application(holder.name, place)
        if application:
            self._settle(holder.name, application, rights, place)

    def reveal(self, key: Key) -> str | None:
        """Never: the secret is shown once."""
        return None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Never called: there is no such switch."""
        raise NotImplementedError

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one key."""
        with gone_is_gone("not_found"):
            self._rest.call("DELETE", f"{IAM}/api-keys/{key.id}")

    def remove(self, holder: Holder) -> None:
        """Delete the keys first, so that none of them outlives its policy by a crash; then the policy and the application."""
        place = self._place()
        application = self._application(holder.name, place)
        if application is None:
            return
        for key in self._keys(application, place):
            self.delete(holder, key)
        self._settle(holder.name, application, (), place)
        with gone_is_gone("not_found"):
            self._rest.call("DELETE", f"{IAM}/applications/{application}")

    def _settle(self, name: str, application: str, rights: tuple[str, ...], place: Place) -> None:
        """Leave the application one policy with these rights; none where there are no rights."""
        policies = self._policies(application, place)
        for policy in policies[1:] if rights else policies:
            with gone_is_gone("not_found"):
                self._rest.call("DELETE", f"{IAM}/policies/{policy['id']}")
        if not rights:
            return
        sets = next(sets for sets, meant in SETS.items() if meant == rights)
        rules = [{"permission_set_names": list(sets), "project_ids": [place.project], "condition": ""}]
        if policies:
            self._rest.call("PUT", f"{IAM}/rules", body={"policy_id": policies[0]["id"], "rules": rules})
            return
        body = {"name": name, "organization_id": place.organization, "application_id": application, "description": ""}
        self._rest.call("POST", f"{IAM}/policies", body={**body, "rules": rules})

    def _granted(self, policies: t.Sequence[t.Mapping[str, t.Any]], place: Place) -> Grants | None:
        """What the application may do with each bucket that the project has now: a bucket that came later is in it."""
        sets: set[str] = set()
        for policy in policies:
            for rule in self._list("rules", {"policy_id": policy["id"]}):
                if rule.get("project_ids") != [place.project] or rule.get("condition"):
                    return None
                sets.update(rule["permission_set_names"])
        rights = SETS.get(tuple(sorted(sets))) if sets else ()
        return None if rights is None else merged(Grant(bucket, "", rights) for bucket in self._buckets())

    def _rights(self, grants: Grants, place: Place) -> tuple[str, ...]:
        """The rights that grants give on all buckets of the project; refused where they would have to differ."""
        wanted = merged(grants)
        if not wanted:
            return ()
        named, there = {grant.bucket for grant in wanted}, set(self._buckets())
        missing, strange = sorted(there - named), sorted(named - there)
        remedy = (
            "Give the bucket a project of its own, and use access_key and secret_key of an API key with that preferred project."
        )
        said = ""
        if strange:
            said = f"the project {place.project} of access_key has no bucket {strange[0]}"
            remedy = "Make the bucket first, with an API key of this project, or use the API key of the bucket's project."
        elif missing:
            said = f"a key of Scaleway's is for a whole project, and {place.project} also has the bucket {missing[0]}"
        elif len({grant.rights for grant in wanted}) > 1:
            said = (
                f"a key of Scaleway's is for a whole project, and the rights on {wanted[0].bucket} and {wanted[1].bucket} differ"
            )
        if said:
            raise Unsupported(TRIED, said=said, remedy=remedy, code="Unsupported")
        return in_order(wanted[0].rights)

    def _buckets(self) -> list[str]:
        """The buckets of the project, now."""
        if not self._clients:
            self._clients = [(make_client(place, self._profile), place) for place in self._endpoints()]
        return sorted({bucket for client, place in self._clients for bucket in names(client, place)})

    def _endpoints(self) -> list[Connection]:
        """The endpoints of all regions, each of which lists its own buckets; where it is not Scaleway's, the one that is said."""
        here = self._connection
        if not (urlsplit(here.endpoint_url or "").hostname or "").endswith(HOST):
            return [here]
        elsewhere = [dataclasses.replace(here, region=region, endpoint_url=None) for region in REGIONS if region != here.region]
        return [here, *(self._profile.complete(place) for place in elsewhere)]

    def _place(self) -> Place:
        """Project and organization, which belong to the API key: nobody has to say them.

        An access key may name another project than its own, as SCW…@project.
        """
        access_key, _at, project = str(self._connection.access_key).partition("@")
        said = self._rest.call("GET", f"{IAM}/api-keys/{access_key}")
        kind = "applications" if said.get("application_id") else "users"
        bearer = self._rest.call("GET", f"{IAM}/{kind}/{said.get('application_id') or said['user_id']}")
        return Place(project or said["default_project_id"], bearer["organization_id"])

    def _application(self, name: str, place: Place) -> str | None:
        for said in self._list("applications", {"organization_id": place.organization, "order_by": "created_at_asc"}):
            if said["name"] == name:
                return str(said["id"])
        return None

    def _policies(self, application: str, place: Place) -> list[t.Mapping[str, t.Any]]:
        query = {"organization_id": place.organization, "application_ids": application}
        return [said for said in self._list("policies", query) if said.get("application_id") == application]

    def _keys(self, application: str, place: Place) -> list[Key]:
        query = {"organization_id": place.organization, "bearer_id": application, "order_by": "created_at_asc"}
        return [_key(said) for said in self._list("api-keys", query) if said.get("application_id") == application]

    def _list(self, what: str, query: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
        seen = 0

        def page(number: int) -> tuple[list[t.Mapping[str, t.Any]], bool]:
            nonlocal seen
            answer = self._rest.call("GET", f"{IAM}/{what}", {**query, "page": number, "page_size": 100})
            entries = answer[what.replace("-", "_")]
            seen += len(entries)
            return entries, bool(entries) and seen < int(answer["total_count"])

        return every(page)


class Place(t.NamedTuple):
    """Where keys are made."""

    project: str
    organization: str


def _key(said: t.Mapping[str, t.Any], secret: str | None = None) -> Key:
    expires = utc(said.get("expires_at"))
    over = bool(expires) and str(expires) <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Key(said["access_key"], active=not over, created=utc(said.get("created_at")), expires=expires, secret=secret)


def _refusal(body: bytes) -> tuple[str, str]:
    said = json.loads(body)
    details = [f"{one.get('argument_name')}: {one.get('help_message') or one.get('reason')}" for one in said.get("details") or ()]
    return str(said.get("type") or ""), "; ".join([str(said["message"]), *details])
