# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is settled: no secret is lost and no key is one too many, wherever the run is killed. Real stores: tests/interop."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base.accesskey import NEW, Settling, result_of
from ansible_collections.mediastore.s3.plugins.module_utils._base.keyplace import Caller, HostFile, Wish
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.plugins.module_utils._core.keyfile import KeyFile
from ansible_collections.mediastore.s3.plugins.module_utils._core.keyrecord import Record, Secret
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.port import Holder, Key
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import Keys
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES

READ, ALL = (Grant("media", "", ("list", "read")),), (Grant("media", "", ("list", "read", "write", "delete")),)


class Killed(BaseException):
    """The power is gone."""


class Power:
    """Goes off after so many changes of the world, before or after the one it hits."""

    def __init__(self, after: int = -1, late: bool = False) -> None:
        self.left, self.late = after, late
        self.used = 0

    def spend(self, act):
        self.used += 1
        self.left -= 1
        if self.left == -1 and not self.late:
            raise Killed
        done = act()
        if self.left == -1:
            raise Killed
        return done


class FakeKeyring:
    """A store in memory, with grants by key or by name."""

    def __init__(self, by_key: bool = False) -> None:
        self.keys: list[Key] = []
        self.grants = None
        self.by_key = by_key
        self.power = Power()
        self.numbers = itertools.count(1)

    def find(self, name):
        if self.grants is None and not self.keys:
            return None
        grants = self.grants or ()
        if self.by_key:
            given = {key.grants for key in self.keys if key.active}
            grants = next(iter(given)) if len(given) == 1 else None if given else ()
        return Holder(name, tuple(dataclasses.replace(key, secret=None) for key in self.keys), grants)

    def create(self, name, grants, expires):
        def make():
            number = next(self.numbers)
            key = Key(f"AK{number}", secret=f"secret{number}", expires=expires, grants=grants if self.by_key else None)
            self.keys.append(key)
            self.grants = grants
            return key

        return self.power.spend(make)

    def regrant(self, holder, grants):
        self.power.spend(lambda: setattr(self, "grants", grants))

    def reveal(self, key):
        return next(one.secret for one in self.keys if one.id == key.id)

    def switch(self, holder, key, active):
        self.power.spend(lambda: self._replace(key, active))

    def delete(self, holder, key):
        self.power.spend(lambda: setattr(self, "keys", [one for one in self.keys if one.id != key.id]))

    def remove(self, holder):
        def act():
            self.keys, self.grants = [], None

        self.power.spend(act)

    def _replace(self, key, active):
        self.keys = [dataclasses.replace(one, active=active) if one.id == key.id else one for one in self.keys]


class World:
    """A store and a file, and runs of the module between them."""

    def __init__(self, directory, **keys) -> None:
        self.file = KeyFile(str(directory / "key"))
        self.profile = dataclasses.replace(PROFILES["generic"], keys=Keys(keyring="fake", **{"disables": True, **keys}))
        self.keyring = FakeKeyring(by_key=not self.profile.keys.regrants)

    def run(self, grants=ALL, *, absent=False, dry=False, place=None, power=None, **wish):
        self.keyring.power = power or Power()
        place = place or HostFile(self.file)
        if power:
            write, remove = place.write, place.remove
            place.write = lambda record: power.spend(lambda: write(record))
            place.remove = lambda: power.spend(remove)
        wanted = Wish("app", grants, wish.get("expires"), wish.get("rotate", False), wish.get("others", "keep"))
        with Settling(self.keyring, self.profile, wanted, place, dry=dry) as settling:
            before, after = settling.absent() if absent else settling.present()
        return result_of(settling, before, after, with_diff=True)

    @property
    def ids(self):
        return [key.id for key in self.keyring.keys]

    def sound(self):
        """The key in the file is one that the store has, with its secret."""
        kept = self.file.read()
        secrets = {key.id: key.secret for key in self.keyring.keys}
        return kept.current is not None and secrets.get(kept.current.access_key) == kept.current.secret_key


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_made_once_and_kept(world):
    predicted = world.run(dry=True)
    assert (world.ids, world.file.read()) == ([], Record())
    made = world.run()
    assert (predicted["changed"], predicted["access_key"], predicted["grants"]) == (True, NEW, made["grants"])
    assert (made["changed"], made["access_key"], made["secret_key"]) == (True, "AK1", None)
    assert made["secret_kept"] == world.file.path and world.sound()
    again = world.run()
    assert (again["changed"], again["access_key"], again["notes"]) == (False, "AK1", [])
    assert again["diff"]["before"] == again["diff"]["after"]
    assert world.ids == ["AK1"]


def test_without_a_place_the_secret_is_returned_once_and_then_it_is_said_that_it_is_not(world):
    made = world.run(place=Caller({}, keeps=False))
    assert (made["access_key"], made["secret_key"], made["secret_kept"]) == ("AK1", "secret1", None)
    again = world.run(place=Caller({}, keeps=False))
    assert (again["changed"], again["access_key"], again["secret_key"]) == (False, "AK1", None)
    assert "rotate=true" in again["notes"][0]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("after", range(3))
def test_killed_while_a_key_is_made_the_next_run_makes_it_whole(world, after, late):
    with pytest.raises(Killed):
        world.run(power=Power(after, late))
    done = world.run()
    assert world.sound() and len(world.ids) == 1
    assert world.file.read().unfinished is None
    assert done["access_keys"] == world.run()["access_keys"]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("after", range(3))
def test_killed_while_a_key_is_rotated_the_old_one_works_and_none_is_too_many(world, after, late):
    world.run()
    with pytest.raises(Killed):
        world.run(rotate=True, power=Power(after, late))
    assert world.sound() and "AK1" in world.ids
    world.run(rotate=True)
    assert world.sound() and len(world.ids) == 2 and world.ids[0] == "AK1"
    kept = world.file.read()
    assert kept.previous == Secret("AK1", "secret1") and kept.unfinished is None
    assert not world.run(rotate=True)["changed"]
    assert len(world.ids) == 2


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("after", range(2))
def test_killed_while_the_old_one_is_deleted(world, after, late):
    world.run()
    world.run(rotate=True)
    new = world.file.read().current.access_key
    with pytest.raises(Killed):
        world.run(others="delete", power=Power(after, late))
    world.run(others="delete")
    assert world.ids == [new] and world.sound() and world.file.read().previous is None


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("after", range(2))
def test_killed_while_all_is_removed(world, after, late):
    world.run()
    with pytest.raises(Killed):
        world.run(absent=True, power=Power(after, late))
    world.run(absent=True)
    assert world.ids == [] and world.file.read() == Record()
    assert not world.run(absent=True)["changed"]


def test_a_rotation_from_end_to_end(world):
    world.run()
    rotated = world.run(rotate=True)
    assert (rotated["access_key"], rotated["rotating"]) == ("AK2", True)
    assert rotated["kept"] == {"current": "AK2", "previous": "AK1"}
    world.run(others="disable")
    assert [key.active for key in world.keyring.keys] == [False, True]
    assert not world.run(others="disable")["changed"]
    world.run(others="enable")
    assert [key.active for key in world.keyring.keys] == [True, True]
    done = world.run(others="delete")
    assert (done["rotating"], world.ids) == (False, ["AK2"])
    assert world.run(rotate=True)["access_key"] == "AK3"


def test_what_it_may_do_is_changed_in_place(world):
    world.run(READ)
    predicted, done = world.run(ALL, dry=True), world.run(ALL)
    assert world.keyring.grants == ALL and world.ids == ["AK1"]
    assert (predicted["changed"], predicted["diff"]) == (done["changed"], done["diff"])
    assert not world.run(None)["changed"] and world.keyring.grants == ALL
    world.run(())
    assert world.keyring.grants == ()


def test_or_by_another_key_where_a_store_cannot(tmp_path):
    world = World(tmp_path, regrants=False)
    world.run(READ)
    with pytest.raises(MediastoreError, match="cannot be changed on .* rotate=true"):
        world.run(ALL)
    world.run(ALL, rotate=True)
    assert [key.grants for key in world.keyring.keys] == [READ, ALL]
    assert not world.run(ALL)["changed"]
    world.run(ALL, others="delete")
    assert world.keyring.find("app").grants == ALL


def test_a_key_that_vanished_is_made_anew(world):
    world.run()
    world.keyring.keys = []
    done = world.run()
    assert done["access_key"] == "AK2" and world.sound()
    assert "AK1 that was in use is gone" in done["notes"][0]


def test_a_secret_that_nobody_has_is_an_error_and_not_another_key(world):
    world.run(place=Caller({}, keeps=False))
    with pytest.raises(MediastoreError, match="its secret is nowhere") as failed:
        world.run()
    assert failed.value.code == "SecretUnknown" and failed.value.result["changed"] is False
    world.run(rotate=True)
    assert world.ids == ["AK1", "AK2"] and world.sound()


def test_unless_the_store_shows_it_again(tmp_path):
    world = World(tmp_path, secret_readable=True)
    world.run(place=Caller({}, keeps=False))
    assert world.run()["changed"] and world.sound() and world.ids == ["AK1"]
    assert not world.run()["changed"]


def test_a_third_key_is_refused_where_two_is_all(tmp_path):
    world = World(tmp_path, max_keys=2)
    world.run()
    world.run(rotate=True)
    with pytest.raises(MediastoreError, match="has 2 keys already"):
        world.run(rotate=True, place=Caller({"current": "AK2"}, keeps=False))
    assert world.ids == ["AK1", "AK2"]


def test_a_run_that_fails_after_it_has_made_a_key_hands_the_secret_over(world):
    world.run(READ, place=Caller({}, keeps=False))

    def refuse(holder, grants):
        raise MediastoreError("change the grants", said="no", remedy="Wait.")

    world.keyring.regrant = refuse
    with pytest.raises(MediastoreError) as failed:
        world.run(ALL, rotate=True, place=Caller({"current": "AK1"}, keeps=True))
    assert failed.value.result == {"changed": True, "access_key": "AK2", "secret_key": "secret2"}


def test_mode_and_owner_are_put_right(world, tmp_path):
    world.run()
    (tmp_path / "key").chmod(0o644)
    assert world.run(dry=True)["changed"] and world.run()["changed"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert not world.run()["changed"]


def test_nothing_shows_a_secret(world):
    world.run()
    for result in (world.run(rotate=True), world.run(others="delete"), world.run(absent=True, dry=True)):
        assert "secret1" not in str(result) and "secret2" not in str(result)


def test_grants_are_needed_to_make_one(world):
    with pytest.raises(MediastoreError, match="grants is not set"):
        world.run(None)
    assert world.ids == []
