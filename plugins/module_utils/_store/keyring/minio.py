# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys of MinIO: the name is a user with one policy, whose own secret nobody knows; its keys are service accounts of that user.

The policy is called ``mediastore-NAME``. It is the first thing that is made and the last that is removed, and so the mark of a
name that is ours: a user without it is somebody else's, which is shown and never changed.
"""

from __future__ import annotations

import json
import re
import secrets
import string
import typing as t
from datetime import datetime, timedelta, timezone

from ..._core.errors import BadInput, StoreRefused
from ..._core.grants import Grants, grants_in, policy_for
from ..._core.policylanguage import VERSION
from ..minioadmin import NAME_RULE, MinioAdmin
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

#: A service account may make others of its user. So whoever once had a key could keep a way in that outlives it. The user
#: itself has to be able to, as that is how we make keys.
GUARD = {
    "Sid": "NoMoreKeys",
    "Effect": "Deny",
    "Action": ["admin:CreateServiceAccount"],
    "Condition": {"StringEquals": {"aws:principaltype": ["AssumedRole"]}},
}
#: MinIO does not keep when a key was made, so its description says it
MADE = "Made by mediastore.s3 at "
SHORTEST, LONGEST = timedelta(minutes=15), timedelta(days=365)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{2,127}")
_GONE = ("XMinioAdminNoSuchUser", "XMinioAdminNoSuchPolicy")
#: MinIO says the same of a key that is gone and of one that cannot be made
_KEY_GONE = ("XMinioInvalidIAMCredentials",)
_SO_ALREADY = ("XMinioAdminPolicyChangeAlreadyApplied",)


class MinioKeyring:
    """The keyring of one MinIO."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._admin = MinioAdmin(connection)

    def find(self, name: str) -> Holder | None:
        """The user of that name with its service accounts; a policy that lost its user is a holder too."""
        _check_name(name)
        user, policy = self._user(name), self._policy(name)
        if user is None:
            return None if policy is None else Holder(name, (), ())
        listed = self._admin.call(f"list the keys of {name}", "list_service_account", name)
        accounts = sorted(listed["accounts"] or [], key=_age)
        keys = tuple(_key(account, user["status"] == "enabled") for account in accounts)
        return Holder(name, keys, _grants(name, user, policy, accounts))

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """Make one more service account. A user makes those itself: it gets a secret that is forgotten after this call."""
        _check_name(name)
        _check_expires(expires)
        passing = _random(40)
        self._prepare(name, grants, passing)
        now = datetime.now(timezone.utc).isoformat()
        made = self._admin.acting_as(name, passing).call(
            f"make a key of {name}",
            "add_service_account",
            # Chosen here, so that a request that is sent twice cannot make two keys.
            access_key=_random(20, string.ascii_uppercase + string.digits),
            secret_key=_random(40),
            description=f"{MADE}{now}",
            expiration=expires,
        )["credentials"]
        return Key(made["accessKey"], created=_time(now), expires=_time(made["expiration"]), secret=made["secretKey"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Write the policy of the user anew; MinIO acts on it at once."""
        self._prepare(holder.name, grants)

    def reveal(self, key: Key) -> str | None:
        """Nothing: MinIO never shows a secret again."""
        return None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Switch one service account off or on."""
        shown = self._admin.call(f"look at the key {key.id}", "get_service_account", key.id)
        # A policy of its own that is not sent again is lost, and the key may then do all that its user may.
        own = None if shown["impliedPolicy"] else json.loads(shown["policy"])
        what = f"switch the key {key.id} {'on' if active else 'off'}"
        self._admin.call(what, "update_service_account", access_key=key.id, status="on" if active else "off", policy=own)

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one service account."""
        self._unless(_KEY_GONE, f"delete the key {key.id}", "delete_service_account", key.id)

    def remove(self, holder: Holder) -> None:
        """Delete the user, with which its service accounts go, and its policy."""
        name = holder.name
        user, policy = self._user(name), self._policy(name)
        if user:
            _check_ours(name, user, policy, f"remove the user {name}")
            self._unless(_GONE, f"remove the user {name}", "user_remove", name)
        self._unless(_GONE, f"remove the policy of {name}", "policy_remove", _policy_of(name))

    def _user(self, name: str) -> dict[str, t.Any] | None:
        user: dict[str, t.Any] | None = self._unless(_GONE, f"look up the user {name}", "user_info", name)
        return user

    def _policy(self, name: str) -> dict[str, t.Any] | None:
        policy: dict[str, t.Any] | None = self._unless(_GONE, f"look up the policy of {name}", "policy_info", _policy_of(name))
        return policy

    def _prepare(self, name: str, grants: Grants, secret: str | None = None) -> None:
        """Bring policy and user to what is asked for; with a secret, the user has it afterwards."""
        user = self._user(name)
        if user:
            _check_ours(name, user, self._policy(name), f"set what the keys of {name} may do")
        document = _document(grants)
        self._admin.call(f"set the policy of {name}", "policy_add", _policy_of(name), policy=document)
        if secret or not user:
            self._admin.call(f"make the user {name}", "user_add", name, secret or _random(40))
        if not user or not _policies(user):
            self._unless(_SO_ALREADY, f"attach the policy of {name}", "attach_policy", [_policy_of(name)], user=name)

    def _unless(self, codes: t.Sequence[str], *args: t.Any, **kwargs: t.Any) -> t.Any:
        """The answer; None if it is an error with one of the codes."""
        try:
            return self._admin.call(*args, **kwargs)
        except StoreRefused as exc:
            if exc.code in codes:
                return None
            raise


def _policy_of(name: str) -> str:
    return f"mediastore-{name}"


def _policies(user: t.Mapping[str, t.Any]) -> list[str]:
    return [one for one in str(user.get("policyName") or "").split(",") if one]


def _check_ours(name: str, user: t.Mapping[str, t.Any], policy: t.Any, tried: str) -> None:
    """Never touch a user whom somebody else has made, or given more."""
    more = [f"the policy {one}" for one in _policies(user) if one != _policy_of(name)]
    more += [f"the group {one}" for one in user.get("memberOf") or []]
    if policy is None or more:
        raise BadInput(
            tried,
            said=f"MinIO has a user {name} that "
            + (
                f"also has {', '.join(more)}"
                if policy
                else f"was not made by this collection (it has no policy {_policy_of(name)})"
            ),
            remedy="Take that away from the user with mc admin, or choose another name." if policy else "Choose another name.",
            code="NotOurs",
        )
    if user["status"] != "enabled" and not tried.startswith("remove"):
        raise BadInput(
            tried,
            said=f"somebody has switched the user {name} off, and with it all its keys",
            remedy=f"Switch it on again (mc admin user enable ALIAS {name}), or remove it.",
            code="Disabled",
        )


def _document(grants: Grants) -> dict[str, t.Any]:
    if any("acl" in grant.rights for grant in grants):
        raise BadInput(
            "make a policy for MinIO",
            said="the right acl is asked for, and MinIO has no ACLs",
            remedy="Leave acl out of rights; nothing needs it there.",
            code="Unsupported",
        )
    return {"Version": VERSION, "Statement": [*(policy_for(grants) or {"Statement": []})["Statement"], GUARD]}


def _grants(
    name: str, user: t.Mapping[str, t.Any], policy: dict[str, t.Any] | None, accounts: t.Iterable[t.Mapping[str, t.Any]]
) -> Grants | None:
    attached = _policies(user)
    if user.get("memberOf") or not all(account["impliedPolicy"] for account in accounts):
        return None
    if not attached:
        return ()
    if attached != [_policy_of(name)] or policy is None or GUARD not in policy["Statement"]:
        return None
    return grants_in({**policy, "Statement": [one for one in policy["Statement"] if one != GUARD]})


def _key(account: t.Mapping[str, t.Any], enabled: bool) -> Key:
    ends, made = _time(account.get("expiration")), str(account.get("description") or "")
    return Key(
        account["accessKey"],
        active=enabled and account["accountStatus"] == "on",
        created=_time(made[len(MADE) :]) if made.startswith(MADE) else None,
        expires=ends,
    )


def _age(account: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """What sorts the oldest first; those that we did not make come before all others."""
    made = str(account.get("description") or "")
    return (made if made.startswith(MADE) else "", account["accessKey"])


def _time(said: str | None) -> str | None:
    """A time as the port has it; MinIO's word for never is the beginning of time."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", said or "")
    return None if not found or found[1] < "1971" else f"{found[1]}Z"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadInput("name a user of MinIO", said=f"{name!r} is no name for one", remedy=NAME_RULE)


def _check_expires(expires: str | None) -> None:
    # MinIO's own answer is an internal error, or one about spaces in names.
    if expires is None:
        return
    left = datetime.strptime(expires, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
    if not SHORTEST < left < LONGEST:
        raise BadInput(
            f"make a key that ends at {expires}",
            said="a key of MinIO ends 15 minutes to 365 days after it is made, or never",
            remedy="Choose such a time, or leave expires out.",
            code="Unsupported",
        )


def _random(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(letters) for _place in range(length))
