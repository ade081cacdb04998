# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that asks for `store` is run against each store that STORES names (see stores.py)."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

from ansible_collections.mediastore.s3.tests.interop.applies import applies, idle
from ansible_collections.mediastore.s3.tests.interop.stores import SERVERS, STAND_FOR, Store, selected

#: What takes most of the time: it begins first, and another worker has the store's other tests meanwhile.
LONG = ("test_key_playbooks.py", "test_mastodon.py", "test_provision.py", "test_synapse.py", "test_zulip.py")
#: the names of the tests that are about no store at all
IDLE = pytest.StashKey[set]()


@pytest.fixture(scope="session", params=selected())
def store(request, tmp_path_factory):
    """A running store: its `name`, the options of a module as `connection`, and its `server`."""
    name = request.param
    with SERVERS[name](tmp_path_factory.mktemp(name)) as server:
        differs = {"capabilities": STAND_FOR[name][1]} if name in STAND_FOR else {}
        yield Store(name, {**server.connection, **differs}, server)


def pytest_configure(config):
    config.addinivalue_line("markers", "applies(claim): for the stores of which the claim is true; see applies.py")


def pytest_collection_modifyitems(config, items):
    """Leave out what is not about its store; that every test is about some store is tested in test_servers.py."""
    config.stash[IDLE] = idle(items)
    config.hook.pytest_deselected(items=[item for item in items if not applies(item)])
    items[:] = sorted(filter(applies, items), key=lambda item: item.path.name not in LONG)


@pytest.fixture
def idle_tests(request):
    """The names of the tests that are about no store at all."""
    return request.config.stash[IDLE]


class ByStore(LoadScopeScheduling):
    """One worker for all tests of a store, so that it is started once, or twice for those that take long.

    Marks would say the same, if pytest-xdist 3.8 found them in pytest 9.2 (its issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        parameters = nodeid.partition("[")[2].rstrip("]").split("-")
        store = next((name for name in SERVERS if name in parameters), nodeid)
        file = nodeid.partition("::")[0].rpartition("/")[2]
        return f"{store}, what takes long" if file in LONG else store


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # in the order of the tests, not of their number
    return ByStore(config, log)
