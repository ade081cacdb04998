# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the modules share that manage one facet of a bucket as a whole: its policy, its CORS rules, its lifecycle rules."""

from __future__ import annotations

import typing as t

from .._core.bucketname import check_name
from .._core.errors import StoreRefused, Unsupported
from .._store.bucket import Bucket
from .._store.facet import Facet
from .argspec import ArgSpec
from .module import StoreModule
from .results import changed_bucket
from .settle import Change, Desired, exactly, settle


def one_facet_spec(options: dict[str, dict[str, t.Any]], needed: str) -> ArgSpec:
    """The options of such a module; ``needed`` is the one without which there is nothing to set."""
    common: dict[str, dict[str, t.Any]] = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    return ArgSpec({**common, **options}, required_if=[("state", "present", (needed,))])


def converge(module: StoreModule, facet: Facet, desired: t.Callable[[str], Desired]) -> dict[str, t.Any]:
    """Bring the facet to what is asked for; ``desired`` refuses what cannot be meant, before anything is sent."""
    name = module.params["name"]
    tried = f"set the {facet.title} of bucket {name}"
    check_name(name, tried)
    if module.params["state"] == "absent":
        change = _remove(module, facet, name)
    else:
        wish = desired(tried)
        facet.require(module.profile, wish(facet.canonical(None)), tried)
        change = _put(module, facet, name, wish)
    return changed_bucket(name, [change], module.diff_asked)


def _put(module: StoreModule, facet: Facet, name: str, desired: Desired) -> Change:
    bucket = _bucket(module, name)
    try:
        return settle(bucket, facet, desired, dry=module.check_mode)
    except StoreRefused as exc:
        if exc.code != "NoSuchBucket" or not module.check_mode:
            raise
        # In a real run an earlier task may make it; a check of the whole play must not stop here.
        module.warn(f"Bucket {name} does not exist yet. This task fails unless another one makes it before.")
        return settle(bucket, facet, desired, dry=True, new=True)


def _remove(module: StoreModule, facet: Facet, name: str) -> Change:
    """Make sure that nothing is set; where nothing can be, or where there is no bucket, nothing is."""
    nothing = Change(facet.option, facet.canonical(None), facet.canonical(None))
    if not module.profile.has(facet.name):
        return nothing
    try:
        return settle(_bucket(module, name), facet, exactly(None), dry=module.check_mode)
    except Unsupported:
        return nothing
    except StoreRefused as exc:
        if exc.code != "NoSuchBucket":
            raise
        return nothing


def _bucket(module: StoreModule, name: str) -> Bucket:
    # It need not be looked for, since the store says so if it is missing.
    return Bucket(module.client, module.connection, module.profile, name)
