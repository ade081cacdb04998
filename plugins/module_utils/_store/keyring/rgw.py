# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The keys of Ceph's object gateway: each is a user with one key, made by the Admin Ops API, who may do what its policy says.

The users of the name ``chat`` are ``chat-`` and eleven digits: the millisecond in which each was made, in hexadecimal, which puts
them in order. One user with several keys would not do: version 16 of the gateway forgets the policies of a user whenever
anything about it is changed (Ceph issue 48761), and a new key is such a change.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import typing as t
from datetime import datetime, timezone

from ..._core.cephpolicy import document_for, grants_of, owner_document
from ..._core.errors import StoreRefused, Unsupported
from ..._core.grants import Grants
from ..client import make_iam_client
from ..faults import KEYS, ClientError, explaining, status_of
from ..rest import Rest
from ..signing import sigv4
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

POLICY = "mediastore"
CAPS = (
    "Give the user of this key what it needs to manage users: radosgw-admin caps add --uid=UID "
    "--caps='users=*;buckets=read;user-policy=*'."
)
NO_ADMIN = "Check endpoint_url (or set admin_url): the gateway must serve /admin (rgw_enable_apis with admin, rgw_admin_entry)."
REMEDIES: dict[t.Any, str] = {
    "InvalidAccessKeyId": "Check access_key: the gateway does not know it.",
    "SignatureDoesNotMatch": "Check secret_key.",
    "RequestTimeTooSkewed": "Check this host's clock (timedatectl): requests are signed with the time.",
    "NoSuchBucket": "Create the bucket first (mediastore.s3.bucket), or correct its name.",
    "NoSuchUser": "Somebody deleted the user meanwhile: run again.",
    "UserAlreadyExists": "Somebody made a key of this name at the same moment: run again.",
    401: KEYS,
    403: CAPS,
    404: NO_ADMIN,
    405: NO_ADMIN,
}
_STAMP = r"-([0-9a-f]{11})"
_ACCOUNT = re.compile(r"RGW\d{17}")
#: users in one answer of a listing
_PAGE = 1000

User = t.Dict[str, t.Any]


class RgwKeyring:
    """Users who own nothing, each with one key and one policy."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._connection = profile.complete(connection)
        self._iam = make_iam_client(self._connection)
        self._rest = Rest(
            self._connection,
            connection.admin_url or str(self._connection.endpoint_url),
            "Ceph RGW",
            sign=sigv4(self._connection, "sign a request to Ceph RGW"),
            refusal=_refusal,
            remedies=REMEDIES,
            option="admin_url" if connection.admin_url else "endpoint_url",
        )

    def find(self, name: str) -> Holder | None:
        """The users of the name, and what their policies say."""
        users = self._users(name)
        if not users:
            return None
        keys = tuple(key for user in users for key in _keys(user))
        return Holder(name, keys, self._grants([user for user in users if not user["suspended"]] or users))

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """Make a user with a key, and give it its policy."""
        self._let_owners(grants)
        uid = f"{name}-{time.time_ns() // 1_000_000:011x}"
        # Less than no buckets: 0 would be as many as it likes.
        user = self._admin("PUT", "user", uid=uid, display_name=name, key_type="s3", generate_key="true", max_buckets="-1")
        self._put_policy(uid, POLICY, document_for(grants))
        (made,) = user["keys"]
        return Key(made["access_key"], created=_created(uid), secret=made["secret_key"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Write the policies of all users of the name."""
        self._let_owners(grants)
        for user in self._users(holder.name):
            self._put_policy(user["user_id"], POLICY, document_for(grants))

    def reveal(self, key: Key) -> str | None:
        """The secret, which the gateway shows."""
        keys = self._admin("GET", "user", access_key=key.id)["keys"]
        return next((str(one["secret_key"]) for one in keys if one["access_key"] == key.id), None)

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Suspend the key's user, or let it in again."""
        for user in self._having(holder.name, key):
            uid = user["user_id"]
            policy = self._policy(uid)
            self._admin("POST", "user", uid=uid, suspended="0" if active else "1")
            if policy is not None:  # and forgotten by now, by an old gateway
                self._put_policy(uid, POLICY, policy)

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete the key's user."""
        self._delete(self._having(holder.name, key))

    def remove(self, holder: Holder) -> None:
        """Delete all users of the name. What they wrote stays, for the owner of the bucket."""
        self._delete(self._users(holder.name))

    def _delete(self, users: t.Iterable[User]) -> None:
        for user in users:
            with contextlib.suppress(_Gone):
                self._admin("DELETE", "user", uid=user["user_id"])

    def _users(self, name: str) -> list[User]:
        """The users of exactly this name, the oldest first."""
        ids = sorted(uid for uid in self._uids() if re.fullmatch(re.escape(name) + _STAMP, uid))
        found = []
        for uid in ids:
            with contextlib.suppress(_Gone):
                found.append(t.cast(User, self._admin("GET", "user", uid=uid)))
        return found

    def _having(self, name: str, key: Key) -> list[User]:
        return [user for user in self._users(name) if key.id in [one.id for one in _keys(user)]]

    def _uids(self) -> t.Iterator[str]:
        """All users of the gateway, in no order: it cannot look for some of them."""
        marker: dict[str, str] = {}
        while True:
            page = self._admin("GET", "user", list="", max_entries=str(_PAGE), **marker)
            yield from page["keys"]
            if not page.get("truncated"):
                return
            marker = {"marker": page["marker"]}

    def _grants(self, users: t.Sequence[User]) -> Grants | None:
        """What each of them may do, if it can be said, is the same for all, and is all that is needed."""
        found = [self._granted(user["user_id"]) for user in users]
        if found[0] is None or any(one != found[0] for one in found):
            return None
        return None if self._forgotten(found[0]) else found[0]

    def _granted(self, uid: str) -> Grants | None:
        try:
            return grants_of(self._policy(uid)) if self._policies(uid) in ([], [POLICY]) else None
        except (AttributeError, TypeError):  # a policy that is none
            return None

    def _let_owners(self, grants: Grants) -> None:
        """Let the owner of each bucket read what others write there, which it may not by itself. Before they can write."""
        for bucket, owner in self._owners(grants, "let keys write").items():
            self._put_policy(owner, f"{POLICY}-{bucket}", owner_document(bucket))

    def _forgotten(self, grants: Grants) -> bool:
        """Whether an owner's policy is gone: an old gateway forgets it when anything about the owner is changed."""
        owners = self._owners(grants, "see who may read what keys write", there=False)
        return any(f"{POLICY}-{bucket}" not in self._policies(owner) for bucket, owner in owners.items())

    def _owners(self, grants: Grants, tried: str, there: bool = True) -> dict[str, str]:
        """Who owns each bucket into which keys write."""
        owners = {}
        for bucket in sorted({grant.bucket for grant in grants if "write" in grant.rights}):
            try:
                owners[bucket] = str(self._admin("GET", "bucket", bucket=bucket)["owner"])
            except StoreRefused as exc:
                if there or exc.code != "NoSuchBucket":
                    raise
                continue
            if _ACCOUNT.fullmatch(owners[bucket]):
                raise Unsupported(
                    f"{tried} in bucket {bucket}",
                    said=f"it belongs to the account {owners[bucket]}, and users without an account are not let into it",
                    remedy="Use the key of the account's root user, and set capabilities to {keys: {keyring: iam}}.",
                    code="Unsupported",
                )
        return owners

    def _put_policy(self, uid: str, name: str, document: t.Mapping[str, t.Any]) -> None:
        with self._asking(f"set the policy {name} of the user {uid}"):
            text = json.dumps(document, separators=(",", ":"))
            self._iam.put_user_policy(UserName=uid, PolicyName=name, PolicyDocument=text)

    def _policy(self, uid: str) -> t.Any:
        # To a question for a policy that is not there version 16 answers what is no XML.
        if POLICY not in self._policies(uid):
            return None
        with self._asking(f"read the policy of the user {uid}"):
            return self._iam.get_user_policy(UserName=uid, PolicyName=POLICY)["PolicyDocument"]

    def _policies(self, uid: str) -> list[str]:
        with self._asking(f"look at the policies of the user {uid}"):
            try:
                return list(self._iam.list_user_policies(UserName=uid)["PolicyNames"])
            except ClientError as exc:
                if status_of(exc) != 404:
                    raise
                return []

    def _admin(self, method: str, path: str, **query: str) -> t.Any:
        told = {name.replace("_", "-"): value for name, value in query.items()}
        try:
            return self._rest.call(method, f"admin/{path}", {**told, "format": "json"})
        except StoreRefused as exc:
            if exc.code == "NoSuchUser":
                raise _Gone(exc.tried, said=exc.said, remedy=exc.remedy, code=exc.code) from exc
            raise

    @contextlib.contextmanager
    def _asking(self, tried: str) -> t.Iterator[None]:
        try:
            with explaining(tried, self._connection):
                yield
        except StoreRefused as exc:
            exc.remedy = REMEDIES.get(exc.code) or (CAPS if exc.code in ("403", "AccessDenied") else exc.remedy)
            raise


class _Gone(StoreRefused):
    """There is no such user."""


def _keys(user: User) -> list[Key]:
    """Of the keys of a user there is one, unless somebody has made more."""
    made = _created(user["user_id"])
    return [Key(str(one["access_key"]), bool(one.get("active", True)) and not user["suspended"], made) for one in user["keys"]]


def _created(uid: str) -> str | None:
    """When the user was made; one of this form that somebody else has made says nothing about time."""
    moment = int(uid[-11:], 16) / 1000
    if moment > time.time() + 86400:
        return None
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refusal(body: bytes) -> tuple[str, str]:
    said = json.loads(body)
    return str(said["Code"]), str(said.get("Message", ""))
