# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The keys of a Versity gateway: accounts of its own interface, and statements in the policies of its buckets.

An account is one key and has no label, so the keys of the name ``chat`` are the accounts ``chat-`` and twelve hexadecimal digits:
eight are the second in which each was made, which puts them in order, and four are random, so that no key is ever made twice.
"""

from __future__ import annotations

import re
import secrets
import time
import typing as t
from datetime import datetime, timezone
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ..._core.errors import BadInput, MediastoreError, StoreRefused, Unsupported
from ..._core.grants import Grant, Grants, check_whole_buckets, merged
from ..._core.keystatements import Rights, changed, rights_in
from ..client import make_client
from ..faults import KEYS, explaining
from ..faults import REMEDIES as BUCKETS
from ..keypolicy import put_policy, whole_policy
from ..rest import Rest
from ..signing import sigv4
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

PORT = "Set admin_url to the gateway's --admin-port: where it has one, accounts are managed there and nowhere else."
REMEDIES: dict[t.Any, str] = {
    "XAdminAccessDenied": "Use the gateway's root key, or that of an account with the role admin.",
    "XAdminMethodNotSupported": "Start the gateway with a service for accounts, such as --iam-dir; it has its root key only.",
    "InvalidAccessKeyId": "Check access_key: the gateway does not know it.",
    "SignatureDoesNotMatch": "Check secret_key (and region, which is part of the signature).",
    403: KEYS,
    404: PORT,
    405: PORT,
}
_TAIL = r"-[0-9a-f]{12}"

#: of each bucket, what each key may do there
Places = t.Dict[str, t.Dict[str, t.Optional[Rights]]]


class VersityKeyring:
    """Accounts with the role user, which may do what the policies of the buckets say."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._connection = profile.complete(connection)
        self._client = make_client(connection, profile)
        self._rest = Rest(
            self._connection,
            connection.admin_url or str(self._connection.endpoint_url),
            "versitygw",
            sign=sigv4(self._connection, "sign a request to versitygw"),
            refusal=_refusal,
            remedies=REMEDIES,
            option="admin_url" if connection.admin_url else "endpoint_url",
        )

    def find(self, name: str) -> Holder | None:
        """The accounts of the name; also where only their statements are left."""
        ids, places = _of(name, self._accounts()), self._places(self._owners())
        left = _of(name, (key for keys in places.values() for key in keys))
        if not ids and not left:
            return None
        return Holder(name, tuple(_key(one) for one in ids), _grants(ids or left, places))

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """Make an account, and let it into the buckets."""
        accounts, owners = self._accounts(), self._owners()
        self._check(grants, owners, f"make a key named {name}")
        newest = max((_second(one) for one in _of(name, accounts)), default=0)
        account = {
            "Access": f"{name}-{max(int(time.time()), newest + 1):08x}{secrets.token_hex(2)}",
            "Secret": secrets.token_hex(20),
            "Role": "user",
        }
        self._call("create-user", fields=account)
        for grant in grants:
            self._let(grant.bucket, {account["Access"]: grant.rights}, {**accounts, account["Access"]: account}, owners)
        return _key(account["Access"], account["Secret"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Write the rights of all keys of the name into the policies that do not have them so."""
        accounts, owners = self._accounts(), self._owners()
        self._check(grants, owners, f"change what {holder.name} may do")
        wanted = {grant.bucket: grant.rights for grant in grants}
        ids = _of(holder.name, accounts)
        for bucket, keys in self._places(owners).items():
            present = {key: keys.get(key, ()) for key in ids}
            change = dict.fromkeys(ids, wanted.get(bucket, ()))
            if change != present:
                self._let(bucket, change, accounts, owners)

    def reveal(self, key: Key) -> str | None:
        """The secret, where the gateway's account service shows it."""
        return next((one["Secret"] for name, one in self._accounts().items() if name == key.id), None) or None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """An account has no such switch."""
        raise Unsupported(
            f"switch the key {key.id} {'on' if active else 'off'}",
            said="versitygw cannot switch an account off",
            remedy="Delete the key, and make a new one when it is needed again.",
            code="Unsupported",
        )

    def delete(self, holder: Holder, key: Key) -> None:
        """Take the account out of the policies, and delete it."""
        self._delete([key.id])

    def remove(self, holder: Holder) -> None:
        """The same for all accounts of the name, and for statements of such as are gone."""
        self._delete(holder.name)

    def _delete(self, whose: str | list[str]) -> None:
        accounts, owners = self._accounts(), self._owners()
        places = self._places(owners)
        everybody = [*accounts, *(key for keys in places.values() for key in keys)]
        ids = _of(whose, everybody) if isinstance(whose, str) else whose
        # Policies first: they hold at once, also at other gateways, which remember an account for two minutes. And the
        # gateway takes no policy that names an account which is gone, whoever sets it.
        for bucket, keys in places.items():
            if set(ids) & set(keys):
                self._let(bucket, dict.fromkeys(ids, ()), accounts, owners)
        for one in ids:
            if one in accounts:
                self._call("delete-user", {"access": one})

    def _accounts(self) -> dict[str, dict[str, str]]:
        """All accounts but the root's, with their secrets."""
        found = (_texts(one) for one in self._call("list-users").iter("Accounts"))
        return {one["Access"]: one for one in found if one.get("Access")}

    def _owners(self) -> dict[str, str]:
        """All buckets, and who has made each."""
        found = (_texts(one) for one in self._call("list-buckets").iter("Buckets"))
        return {one["Name"]: one.get("Owner", "") for one in found if one.get("Name")}

    def _check(self, grants: Grants, owners: t.Container[str], tried: str) -> None:
        """Raise before anything is made if a key cannot be let into one of the buckets."""
        check_whole_buckets(grants, tried)
        for grant in grants:
            if grant.bucket not in owners:
                raise StoreRefused(
                    tried, said=f"there is no bucket {grant.bucket}", remedy=BUCKETS["NoSuchBucket"], code="NoSuchBucket"
                )
            self._check_acl(grant.bucket)

    def _places(self, names: t.Iterable[str]) -> Places:
        """What each key may do in each bucket: only the policies know, so all are read."""
        return {name: rights_in(self._policy(name, gone=True), name) for name in names}

    def _policy(self, bucket: str, gone: bool = False) -> t.Any:
        try:
            with explaining(f"read the policy of bucket {bucket}", self._connection):
                return whole_policy(self._client, bucket)
        except StoreRefused as exc:
            if gone and exc.code == "NoSuchBucket":  # deleted since the buckets were listed
                return None
            raise

    def _check_acl(self, bucket: str) -> None:
        """Raise if others get in by the bucket's ACL, at which the gateway no longer looks once there is a policy."""
        if self._policy(bucket) is not None:
            return
        tried = f"let a key into bucket {bucket}"
        with explaining(tried, self._connection):
            acl = self._client.get_bucket_acl(Bucket=bucket)
        owner = acl.get("Owner", {}).get("ID")
        if any(grant.get("Grantee", {}).get("ID") != owner for grant in acl.get("Grants", [])):
            raise BadInput(
                tried,
                said="its ACL lets others in, and no longer does once it has a policy, which is where the rights of keys stand",
                remedy="Say in a policy who may do what (mediastore.s3.bucket_policy), and make the bucket's ACL private.",
                code="HasAcl",
            )

    def _let(
        self, bucket: str, change: t.Mapping[str, Rights], accounts: t.Mapping[str, t.Any], owners: t.Mapping[str, str]
    ) -> None:
        """Write what these keys may do into the bucket's policy, and nothing about accounts that are gone."""
        policy = self._policy(bucket)
        # Without a policy a bucket is open to the account that made it, with one only to whom it names.
        owner = accounts.get(owners.get(bucket, ""), {"Role": "admin"})
        wanted = changed(policy, bucket, change, accounts, None if owner["Role"] == "admin" else owner["Access"])
        if wanted == policy:
            return
        tried = f"set what keys may do in bucket {bucket}"
        with explaining(tried, self._connection):
            put_policy(self._client, bucket, wanted)
        if rights_in(self._policy(bucket), bucket) != rights_in(wanted, bucket):
            raise StoreRefused(
                tried,
                said="the bucket's policy was changed by somebody else at the same moment",
                remedy="Run again.",
                code="OperationAborted",
            )

    def _call(
        self, path: str, query: dict[str, str] | None = None, fields: t.Mapping[str, str] | None = None
    ) -> ElementTree.Element:
        inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in (fields or {}).items())
        body = f"<Account>{inner}</Account>".encode() if fields else b""
        answer = self._rest.send("PATCH", path, query, body, {"Content-Type": "application/xml"})
        try:
            return ElementTree.fromstring(answer) if answer.strip() else ElementTree.Element("Nothing")
        except ElementTree.ParseError as exc:
            raise MediastoreError(
                f"call {path} of versitygw",
                said="the answer is not XML",
                remedy="Check endpoint_url and admin_url: one of them must be the gateway's interface for accounts.",
            ) from exc


def _of(name: str, ids: t.Iterable[str]) -> list[str]:
    """Those that are keys of exactly this name, the oldest first."""
    return sorted({one for one in ids if re.fullmatch(re.escape(name) + _TAIL, one)})


def _key(access: str, secret: str | None = None) -> Key:
    created = datetime.fromtimestamp(_second(access), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    # An account of this form that somebody else has made says nothing about time.
    return Key(access, created=created if _second(access) <= time.time() + 86400 else None, secret=secret)


def _second(access: str) -> int:
    return int(access[-12:-4], 16)


def _grants(ids: t.Sequence[str], places: Places) -> Grants | None:
    """What each of these keys may do, if it can be said and is the same for all."""
    found: list[Grants | None] = []
    for key in ids:
        rights = {bucket: keys.get(key, ()) for bucket, keys in places.items()}
        known = all(given is not None for given in rights.values())
        found.append(merged(Grant(bucket, "", given or ()) for bucket, given in rights.items()) if known else None)
    return found[0] if all(one == found[0] for one in found) else None


def _texts(element: ElementTree.Element) -> dict[str, str]:
    return {part.tag: part.text or "" for part in element}


def _refusal(body: bytes) -> tuple[str, str]:
    said = _texts(ElementTree.fromstring(body))
    return said["Code"], said["Message"].rstrip(".")
