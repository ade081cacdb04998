# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which stores a test is about. For the others it is not run, and so not counted: a test that looks at nothing proves nothing.

@only("ceph")                                                     these stores
@first("garage", "ceph")                                          one of them, the first that is run: it is the same with each
@where(lambda profile: profile.facets.policy != "none")           those that are known to be so; the test's parameters by name
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ansible_collections.mediastore.s3.tests.interop.stores import SERVERS, profile_of, selected


def only(*names: str) -> pytest.MarkDecorator:
    """For these stores."""
    assert set(names) <= set(SERVERS), names
    return pytest.mark.applies(lambda name: name in names)


def first(*names: str) -> pytest.MarkDecorator:
    """For one of these stores, the first that is run: for what does not differ between them."""
    return only(*([name for name in names if name in selected()] or names)[:1])


def where(claim: Callable[..., bool]) -> pytest.MarkDecorator:
    """For the stores, and the parameters of the test, of which the claim is true; it names what it wants to know."""
    return pytest.mark.applies(claim)


def applies(item: pytest.Item, name: str | None = None) -> bool:
    """Whether the test is about its store, or would be about the one that is named."""
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    if "store" not in parameters:
        return True
    own = parameters.pop("store")
    name = name or own
    known: dict[str, Any] = {"name": name, "profile": profile_of(name), **parameters}
    claims = [mark.args[0] for mark in item.iter_markers("applies")]
    return all(claim(**{wanted: known[wanted] for wanted in inspect.signature(claim).parameters}) for claim in claims)


def idle(items: Iterable[pytest.Item]) -> set[str]:
    """The tests that are about no store at all."""
    busy = {_test(item) for item in items if any(applies(item, name) for name in SERVERS)}
    return {_test(item) for item in items} - busy


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
