# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the key of each preset may do on each store that looks at it: all that the application needs, and none of the rest.

Every cell of the matrix is an S3 call with the key. `make access` prints it.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import PRESETS, RIGHTS
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.interop.keyholder import KeyHolder, client
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: what an application does -> the right that it needs for it
NEEDS = {"list": "list", "read": "read", "write": "write", "write_parts": "write", "abort": "write", "delete": "delete"}
#: what none of them may do, whatever it is granted
NEVER = ("put_policy", "put_lifecycle", "put_cors", "delete_bucket", "create_bucket", "list_buckets")
#: what is tried in a bucket of somebody else
ELSEWHERE = ("list", "read", "write", "delete")


@pytest.fixture(scope="module")
def place(store):
    """The options of an administrator, and two buckets; the second is somebody else's."""
    options = {**store.keys_connection, **store.administration}
    names = [f"{word}-{secrets.token_hex(4)}" for word in ("media", "other")]
    for name in names:
        assert not run_module("bucket", {**options, "name": name}).get("failed")
    yield options, names
    for name in names:
        run_module("bucket", {**options, "name": name, "state": "absent", "force": True, "force_confirm": name})


@where(lambda profile: profile.keys.keyring != "none")
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_preset_may_do_what_it_needs_and_nothing_else(store, place, preset):
    options, (bucket, other) = place
    name = f"app-{secrets.token_hex(4)}"
    made = run_module("access_key", {**options, "name": name, "grants": [{"bucket": bucket, "preset": preset}]})
    try:
        assert not made.get("failed"), made
        (grant,) = made["grants"]
        rights = set(grant["rights"])
        assert set(PRESETS[preset]) - {"tags"} <= rights
        owner = client(options, options["access_key"], options["secret_key"])
        holding = client(options, made["access_key"], made["secret_key"])
        here, elsewhere = KeyHolder(owner, holding, bucket), KeyHolder(owner, holding, other)
        assert here.waits_for("list", True)
        wanted = {try_: right in rights for try_, right in NEEDS.items()}
        # A key that only reads oversteps nowhere.
        oversteps = store.profile.keys.oversteps if "write" in rights else ()
        wanted |= {try_: try_ in oversteps for try_ in NEVER}
        found = {try_: here.may(try_) for try_ in wanted}
        wanted |= {f"other_{try_}": False for try_ in ELSEWHERE}
        found |= {f"other_{try_}": elsewhere.may(try_) for try_ in ELSEWHERE}
        note(store.name, preset, wanted, found)
        assert found == wanted
    finally:
        run_module("access_key", {**options, "name": name, "state": "absent"})


def note(store: str, preset: str, wanted: dict[str, bool], found: dict[str, bool]) -> None:
    """Leave a line of the matrix for `make access`."""
    directory = Path(os.environ["RESULTS"]) / "access"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{store}-{preset}.json").write_text(json.dumps({"wanted": wanted, "found": found}))


def test_presets_are_made_of_rights():
    assert all(set(rights) <= set(RIGHTS) for rights in PRESETS.values())
