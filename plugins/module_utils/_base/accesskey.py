# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A name, what it may do, and its keys: brought to what is declared, without ever losing a secret or making a key too many."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType

from .._core.errors import BadInput, MediastoreError, StoreRefused
from .._core.grants import Grants
from .._core.keyrecord import Record, Secret
from .._store.keyring.port import Holder, Key, Keyring
from .._store.profile import Profile
from .keyplace import HostFile, Place, Wish, plain, shown

#: how a key is called that a check run would make
NEW = "(new)"


@dataclass
class State:
    """How things are, and how they become; a check run changes only this."""

    grants: Grants | None
    keys: tuple[Key, ...]
    record: Record

    @property
    def in_use(self) -> str | None:
        """The key in use; the newest active one where nobody says which it is."""
        if self.record.current:
            return self.record.current.access_key
        return next((key.id for key in reversed(self.keys) if key.active), None)


class Settling:
    """One run: what there is, what is done about it, and what can be said about it in the end."""

    def __init__(self, keyring: Keyring, profile: Profile, wish: Wish, place: Place, *, dry: bool) -> None:
        self._keyring = keyring
        self._profile = profile
        self._wish = wish
        self.place = place
        self._dry = dry
        self.title = f"access key {wish.name}"
        self._tried = wish.tried
        #: whether the store or the place of the secret was changed, also if the run fails later
        self.touched = False
        self.notes: list[str] = []
        #: whether mode or owner of the file are not as asked for
        self.untidy = isinstance(place, HostFile) and not place.in_order

    def __enter__(self) -> Settling:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # A run that fails after it has made a key must not take the secret with it.
        if isinstance(error, MediastoreError):
            error.result = {"changed": self.touched, **self.place.told()}

    def present(self) -> tuple[State, State]:
        """Make sure of the name, its grants and a key whose secret is known."""
        record = self.place.read()
        holder = self._keyring.find(self._wish.name)
        if holder and self._wish.grants is not None:
            self._wish = replace(self._wish, grants=holder.named(self._wish.grants))
        before = State(holder.grants if holder else (), holder.keys if holder else (), record)
        now = State(before.grants, before.keys, record)
        self._drop_lost(now)
        self._adopt(now)
        rotating = self.rotating(now)
        making = not self._usable(now) or (self._wish.rotate and not rotating)
        self._check_grants(now, making)
        if making:
            self._make(now)
        self._regrant(now)
        self._see_to_others(now)
        if self.untidy or self.place.read() != now.record:
            self._keep(now.record)
        return before, now

    def absent(self) -> tuple[State, State]:
        """Make sure that neither the name nor anything that was kept of it is there."""
        record = self.place.read()
        holder = self._keyring.find(self._wish.name)
        before = State(holder.grants if holder else (), holder.keys if holder else (), record)
        if holder:
            self._do(partial(self._keyring.remove, holder))
        if record != Record():
            self._do(self.place.remove)
        return before, State((), (), Record())

    def _do(self, act: t.Callable[[], t.Any]) -> t.Any:
        if self._dry:
            return None
        done = act()
        self.touched = True
        return done

    def _keep(self, record: Record) -> None:
        self._do(partial(self.place.write, record))

    def _holder(self, now: State) -> Holder:
        return Holder(self._wish.name, now.keys, now.grants)

    def _drop_lost(self, now: State) -> None:
        """Delete what a run made that was cut off before it could write the secret down."""
        lost = now.record.lost(key.id for key in now.keys)
        holder = self._holder(now)
        for key in [key for key in now.keys if key.id in lost]:
            self._do(partial(self._keyring.delete, holder, key))
            self.notes.append(
                f"An earlier run was cut off after it had made {key.id}; nobody knows its secret, so it is deleted."
            )
        now.keys = tuple(key for key in now.keys if key.id not in lost)
        now.record = replace(now.record, unfinished=None)

    def _adopt(self, now: State) -> None:
        """Find the key in use where nobody said which it is; where its secret is to be kept and is not, read it again."""
        current, previous, there = now.record.current, now.record.previous, [key.id for key in now.keys]
        if previous and previous.access_key not in there:
            now.record = replace(now.record, previous=None)
        if current and current.access_key not in there:
            self.notes.append(f"The key {current.access_key} that was in use is gone from the store.")
            now.record = replace(now.record, current=None)
        if now.record.current or not self.place.keeps:
            return
        active = [key for key in now.keys if key.active]
        if not active or (self._wish.rotate and not self._profile.keys.secret_readable):
            return
        if not self._profile.keys.secret_readable:
            raise MediastoreError(
                self._tried,
                said=f"the store has the key {active[-1].id} of this name, and its secret is nowhere: a secret is shown once",
                remedy="With rotate=true another key is made and kept. If somebody has the secret, write it there yourself.",
                code="SecretUnknown",
            )
        secret = self._keyring.reveal(active[-1])
        if secret is None:
            raise StoreRefused(
                self._tried,
                said=f"the store does not show the secret of {active[-1].id}",
                remedy="Check that admin_token or the key of this task may see secrets, or use rotate=true.",
            )
        now.record = replace(now.record, current=Secret(active[-1].id, secret))

    def _usable(self, now: State) -> bool:
        if now.record.current:
            return True
        return not self.place.keeps and any(key.active for key in now.keys)

    def rotating(self, now: State) -> bool:
        """Whether a rotation has begun: two keys are there whose secrets are known."""
        previous, current = now.record.previous, now.record.current
        there = [key.id for key in now.keys]
        return bool(self.place.keeps and previous and current and previous.access_key in there)

    def _check_grants(self, now: State, making: bool) -> None:
        if self._wish.grants is None:
            if making and not now.keys:
                raise BadInput(
                    self._tried,
                    said="there is no such key yet, and grants is not set",
                    remedy="Set grants: what the key may do.",
                )
            return
        if making or self._profile.keys.regrants or self._same(now):
            return
        raise BadInput(
            self._tried,
            said=f"what a key may do cannot be changed on {self._profile.title}, and {self._shown(now)} may do something else",
            remedy="With rotate=true another key is made that may do what grants says; delete this one when nobody uses it.",
            code="Unsupported",
        )

    def _shown(self, now: State) -> str:
        return now.record.current.access_key if now.record.current else now.keys[-1].id

    def _same(self, now: State) -> bool:
        """Whether the key in use may do what is asked for and nothing else, on a store where that cannot be changed."""
        # There each key has grants of its own, and an old one that is still there may do what it likes.
        key = next(key for key in now.keys if key.id == self._shown(now))
        return (key.grants if key.grants is not None else now.grants) == self._wish.grants

    def _make(self, now: State) -> None:
        limit = self._profile.keys.max_keys
        if limit and len(now.keys) >= limit:
            raise BadInput(
                self._tried,
                said=f"it has {len(now.keys)} keys already ({', '.join(key.id for key in now.keys)}), "
                f"and {self._profile.title} allows {limit}",
                remedy="Finish the rotation that was begun, or delete the key that nobody uses (others=delete).",
                code="TooManyKeys",
            )
        if self._wish.grants is None and now.grants is None:
            raise BadInput(
                self._tried,
                said="what its keys may do was not set by this collection, and grants is not set",
                remedy="Set grants: what the new key may do.",
            )
        grants = t.cast(Grants, now.grants if self._wish.grants is None else self._wish.grants)
        # From here on every secret is either written down, or known to be lost.
        self._keep(replace(now.record, unfinished=tuple(key.id for key in now.keys)))
        key = self._do(partial(self._keyring.create, self._wish.name, grants, self._wish.expires))
        key = key or Key(NEW, expires=self._wish.expires)
        now.record = Record(current=Secret(key.id, key.secret or ""), previous=now.record.current)
        self._keep(now.record)
        now.keys = (*now.keys, replace(key, secret=None, grants=grants))
        if not self._profile.keys.regrants or len(now.keys) == 1:
            now.grants = grants

    def _regrant(self, now: State) -> None:
        grants = self._wish.grants
        if grants is None or not self._profile.keys.regrants or now.grants == grants:
            return
        self._do(partial(self._keyring.regrant, self._holder(now), grants))
        now.grants = grants

    def _see_to_others(self, now: State) -> None:
        current = now.record.current
        others = [key for key in now.keys if current and key.id != current.access_key]
        if self._wish.others == "keep" or not others:
            return
        if self._wish.others == "delete":
            for key in others:
                self._do(partial(self._keyring.delete, self._holder(now), key))
            now.keys = tuple(key for key in now.keys if key not in others)
            now.record = replace(now.record, previous=None)
            return
        if not self._profile.keys.disables:
            self.notes.append(f"{self._profile.title} cannot switch a key off; it can only be deleted.")
            return
        active = self._wish.others == "enable"
        for key in [key for key in others if key.active is not active]:
            self._do(partial(self._keyring.switch, self._holder(now), key, active))
        now.keys = tuple(replace(key, active=active) if key in others else key for key in now.keys)


def result_of(settling: Settling, before: State, after: State, with_diff: bool) -> dict[str, t.Any]:
    """What the task returns; ``changed`` and the diff come from the same two states."""
    place, told = settling.place, settling.place.told()
    current = after.record.current
    result: dict[str, t.Any] = {
        "changed": settling.untidy or before != after,
        "access_key": after.in_use,
        "secret_key": told.get("secret_key"),
        "secret_kept": place.where if current else None,
        "grants": plain(after.grants),
        "access_keys": shown(after.keys),
        "rotating": settling.rotating(after),
        "kept": _kept(after.record),
        "notes": [*settling.notes, *_why_no_secret(after, told, place)],
    }
    if with_diff:
        title = settling.title
        result["diff"] = {
            "before_header": title,
            "after_header": title,
            "before": _compared(before),
            "after": _compared(after),
        }
    return result


def _kept(record: Record) -> dict[str, t.Any]:
    known = {"current": record.current, "previous": record.previous}
    return {name: secret.access_key if secret else None for name, secret in known.items()}


def _compared(state: State) -> dict[str, t.Any]:
    keys = [{name: key[name] for name in ("access_key", "active", "expires")} for key in shown(state.keys)]
    return {"grants": plain(state.grants), "keys": keys, "kept": _kept(state.record)}


def _why_no_secret(after: State, told: t.Mapping[str, t.Any], place: Place) -> list[str]:
    if told or place.keeps or not after.in_use or after.in_use == NEW:
        return []
    return [
        f"The secret of {after.in_use} is not returned: it was shown once, when the key was made. If it is lost, "
        "rotate=true makes another key."
    ]
