# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The keys of users whom IAM manages, Amazon's or one that speaks its language: one user for each name, with one policy."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t
from datetime import datetime, timezone
from urllib.parse import urlsplit

from ..._core.errors import BadInput, StoreRefused
from ..._core.grants import Grants, grants_in, policy_for
from ..client import make_iam_client
from ..faults import KEYS, ClientError, ResponseParserError, code_of, explaining, status_of
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

#: the only policy of a user that we write
POLICY = "mediastore"
MISSING = "NoSuchEntity"
#: how stores say that they do not know a call
UNKNOWN_CALL = ("InvalidAction", "NotImplemented", "MethodNotAllowed", "XNotImplemented")
RIGHTS = (
    "Use a key whose user may manage users: iam:CreateUser, GetUser, DeleteUser, CreateAccessKey, ListAccessKeys, "
    "UpdateAccessKey, DeleteAccessKey, PutUserPolicy, GetUserPolicy, DeleteUserPolicy, ListUserPolicies, "
    "ListAttachedUserPolicies, ListGroupsForUser."
)
#: codes of IAM -> what to do; what is not here is in faults.py
REMEDIES = {
    "AccessDenied": RIGHTS,
    "AccessDeniedException": RIGHTS,
    "InvalidClientTokenId": "Check access_key: IAM does not know it. Where it has an address of its own, set admin_url to it.",
    "InvalidAccessKeyId": KEYS,
    "LimitExceeded": "A user has two keys and 2048 characters of policy at most: delete the key that nobody uses, or give fewer "
    "grants, or split them over several names.",
    "DeleteConflict": "The user has something that this collection did not make, such as a password: delete it first.",
    "NoSuchEntity": "Somebody deleted the user meanwhile: run again.",
    "EntityTemporarilyUnmodifiable": "Run again in a minute: the user was deleted a moment ago.",
    "ConcurrentModification": "Something else is changing this user: run again.",
    "Throttling": "IAM is busy: run again later.",
    "MethodNotAllowed": "There is no IAM at this address: set admin_url to it.",
    "405": "There is no IAM at this address: set admin_url to it.",
}


class IamKeyring:
    """Users with an inline policy."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._connection = _to_iam(profile.complete(connection), profile)
        self._iam = make_iam_client(self._connection)

    def find(self, name: str) -> Holder | None:
        """The user of that name, with its keys."""
        with self._asking(f"look for the user {name}"):
            if self._or_none("get_user", UserName=name) is None:
                return None
            keys = self._or_none("list_access_keys", "AccessKeyMetadata", UserName=name)
            if keys is None:  # deleted between the two requests
                return None
        made = [self._key(one) for one in sorted(keys, key=lambda one: _time(one.get("CreateDate")) or "")]
        return Holder(name, tuple(made), None if self._others(name) else self._grants(name))

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """Make the user if it is not there, give it its policy, and then a key."""
        with self._asking(f"make the user {name}"):
            try:
                self._iam.create_user(UserName=name)
            except ClientError as exc:
                if code_of(exc) != "EntityAlreadyExists":
                    raise
            else:
                # IAM is many machines: the next request may come to one that has not heard of the user yet.
                self._iam.get_waiter("user_exists").wait(UserName=name)
        self._grant(name, grants)
        with self._asking(f"make a key of the user {name}"):
            made = self._iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], created=_time(made.get("CreateDate")), secret=made["SecretAccessKey"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Write the user's policy."""
        self._grant(holder.name, grants)

    def reveal(self, key: Key) -> str | None:
        """IAM shows a secret once."""
        return None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Make the key active or inactive."""
        with self._asking(f"switch the key {key.id} of the user {holder.name} {'on' if active else 'off'}"):
            status = "Active" if active else "Inactive"
            self._iam.update_access_key(UserName=holder.name, AccessKeyId=key.id, Status=status)

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete the key, and leave the user."""
        with self._asking(f"delete the key {key.id} of the user {holder.name}"):
            self._or_none("delete_access_key", UserName=holder.name, AccessKeyId=key.id)

    def remove(self, holder: Holder) -> None:
        """Delete the keys, the policy and the user, unless it is somebody else's."""
        self._check(holder.name, f"delete the user {holder.name}")
        for key in holder.keys:
            self.delete(holder, key)
        with self._asking(f"delete the user {holder.name}"):
            self._or_none("delete_user_policy", UserName=holder.name, PolicyName=POLICY)
            self._or_none("delete_user", UserName=holder.name)

    def _grant(self, name: str, grants: Grants) -> None:
        tried = f"set what the user {name} may do"
        self._check(name, tried)
        policy = policy_for(grants)
        with self._asking(tried):
            if policy is None:
                self._or_none("delete_user_policy", UserName=name, PolicyName=POLICY)
            else:
                # Spaces do not count, but every other character does.
                document = json.dumps(policy, separators=(",", ":"))
                self._iam.put_user_policy(UserName=name, PolicyName=POLICY, PolicyDocument=document)

    def _grants(self, name: str) -> Grants | None:
        with self._asking(f"read what the user {name} may do"):
            found = self._or_none("get_user_policy", "PolicyDocument", UserName=name, PolicyName=POLICY)
        return grants_in(found) if isinstance(found, dict) else None if found else ()

    def _check(self, name: str, tried: str) -> None:
        """Raise if the user may do more than we could take away, so that it is surely nobody whom we made."""
        others = self._others(name)
        if others:
            raise BadInput(
                tried,
                said=f"the user is there for something else too: it has {', '.join(others)}",
                remedy="Choose another name, or take these away from the user.",
                code="NotOurs",
            )

    def _others(self, name: str) -> list[str]:
        """What else lets the user do things: policies that are not ours, and groups."""
        with self._asking(f"look at the policies of the user {name}"):
            inline = self._or_none("list_user_policies", "PolicyNames", UserName=name) or ()
            attached = self._or_none("list_attached_user_policies", "AttachedPolicies", UserName=name) or ()
            groups = self._or_none("list_groups_for_user", "Groups", UserName=name) or ()
        return [
            *(f"the policy {one}" for one in inline if one != POLICY),
            *(f"the attached policy {one['PolicyName']}" for one in attached),
            *(f"the group {one['GroupName']}" for one in groups),
        ]

    def _key(self, said: t.Mapping[str, t.Any]) -> Key:
        active = said.get("Status", "Active") == "Active"
        return Key(said["AccessKeyId"], active, _time(said.get("CreateDate")), last_used=self._last_used(said["AccessKeyId"]))

    def _last_used(self, key: str) -> str | None:
        with self._asking(f"ask when the key {key} was used"):
            try:
                found = self._iam.get_access_key_last_used(AccessKeyId=key)
            except (ClientError, ResponseParserError):
                # Not every store knows, and not everybody may ask; nothing here depends on it.
                return None
        return _time(found.get("AccessKeyLastUsed", {}).get("LastUsedDate"))

    def _or_none(self, call: str, member: str = "", **said: str) -> t.Any:
        """The answer, or all pages of one member of it; None where that does not exist, or where the store lacks the call."""
        try:
            if not self._iam.can_paginate(call):
                answer = getattr(self._iam, call)(**said)
                return answer.get(member) if member else answer
            pages = self._iam.get_paginator(call).paginate(**said)
            return [one for page in pages for one in page.get(member) or ()]
        except ClientError as exc:
            code = code_of(exc)
            if code == MISSING or (call.startswith("list_") and (code in UNKNOWN_CALL or status_of(exc) in (405, 501))):
                return None
            raise

    @contextlib.contextmanager
    def _asking(self, tried: str) -> t.Iterator[None]:
        try:
            with explaining(tried, self._connection):
                yield
        except StoreRefused as exc:
            exc.remedy = REMEDIES.get(exc.code, exc.remedy)
            raise


def _to_iam(connection: Connection, profile: Profile) -> Connection:
    """The connection to IAM instead of S3."""
    url = connection.admin_url or profile.keys.endpoint or connection.endpoint_url
    if url and (urlsplit(url).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")) and not connection.admin_url:
        url = None  # Amazon's IAM is somewhere else than its S3, and boto knows where
    region = "us-east-1" if profile.keys.endpoint or (url and not connection.region) else connection.region
    return dataclasses.replace(connection, endpoint_url=url, region=region)


def _time(said: t.Any) -> str | None:
    if not isinstance(said, datetime):
        return None
    return (said.astimezone(timezone.utc) if said.tzinfo else said).strftime("%Y-%m-%dT%H:%M:%SZ")
