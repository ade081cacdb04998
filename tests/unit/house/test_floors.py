# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every floor of plugins/ imports only from below, in ways that travel to a managed host."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.mediastore.s3"

CORE, STORE, BASE = (f"plugins.module_utils.{name}" for name in ("_core", "_store", "_base"))
UTIL = "plugins.plugin_utils"

#: what each place may import beside the standard library and itself
FLOORS = {
    "module_utils/_core": (),
    "module_utils/_store": (CORE, "boto3", "botocore", "b2sdk", "minio", "obstore", "psycopg", "psycopg2", "urllib3"),
    "module_utils/_base": (CORE, STORE, "ansible.module_utils"),
    "modules": (CORE, STORE, BASE, "ansible.module_utils"),
    "action": (CORE, UTIL, "ansible"),
    "filter": (CORE, UTIL, "ansible"),
    "plugin_utils": (CORE, "ansible"),
    "doc_fragments": (),
}
#: these find code at run time, and AnsiballZ ships only what it can read
DYNAMIC = ("importlib", "pkgutil", "imp", "runpy")


def floor_of(place: str) -> str:
    """The floor that a path below plugins/ stands on."""
    found = [floor for floor in FLOORS if place == floor or place.startswith(floor + "/")]
    assert found, f"plugins/{place} stands on no floor of the house: see FLOORS"
    return found[0]


def absolute(node: ast.ImportFrom, place: str) -> str:
    """The module that a relative import means, from the collection's root."""
    package = ["plugins", *place.split("/")[:-1]]
    kept = package[: len(package) - (node.level - 1)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def imported(tree: ast.AST, place: str) -> list[tuple[int, str, bool]]:
    """Line, module and whether it was written relatively, of each import anywhere in the file."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = absolute(node, place)
            found += [(node.lineno, base if node.module else f"{base}.{alias.name}", True) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, node.module or "", False))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
            found.append((node.lineno, "importlib", False))
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def mistakes(source: str, place: str) -> list[str]:
    """What the house forbids in one file; ``place`` is its path below plugins/."""
    floor = floor_of(place)
    own = "plugins." + floor.replace("/", ".")
    found = []
    for line, module, relative in imported(ast.parse(source, feature_version=(3, 8)), place):
        top = module.partition(".")[0]
        if within(module, COLLECTION):
            found.append(f"{line}: imports of the collection itself are relative, not {module}")
        elif module in DYNAMIC:
            found.append(f"{line}: {module} finds code at run time, and that code would not travel to the host")
        elif relative or top not in sys.stdlib_module_names:
            # a module is a room of its own: two of them never share code directly
            allowed = FLOORS[floor] if floor == "modules" else (own, *FLOORS[floor])
            if not any(within(module, package) for package in allowed):
                found.append(f"{line}: {floor} may not import {module}")
    return found


FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))


@pytest.mark.parametrize("place", FILES)
def test_imports_come_from_below(place):
    assert mistakes((PLUGINS / place).read_text(encoding="utf-8"), place) == []


@pytest.mark.parametrize("place", FILES)
def test_the_head_of_the_file(place):
    text = (PLUGINS / place).read_text(encoding="utf-8")
    if not text:
        assert place.endswith("__init__.py")
        return
    assert "# SPDX-License-Identifier: GPL-3.0-or-later\n" in text
    assert "\nfrom __future__ import annotations\n" in text
    assert text.startswith("#!/usr/bin/python\n") == place.startswith("modules/")
    if place.startswith(("module_utils/", "plugin_utils/")):
        assert "\n# PRIVATE to the collection: do not import it from outside.\n" in text


@pytest.mark.parametrize("place", FILES)
def test_one_sitting_is_enough_to_read_it(place):
    assert len((PLUGINS / place).read_text(encoding="utf-8").splitlines()) <= 400


def luggage(module: str) -> set[str]:
    """The files of the collection that travel with a module, by their paths below plugins/."""
    found, unread = set(), [f"modules/{module}.py"]
    while unread:
        place = unread.pop()
        if place in found:
            continue
        found.add(place)
        for node in ast.walk(ast.parse((PLUGINS / place).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = absolute(node, place).split(".")[1:]
                both = ["/".join([*base, alias.name]) + ".py" for alias in node.names] + ["/".join(base) + ".py"]
                unread += [one for one in both if one in FILES]
    return found


@pytest.mark.parametrize("place", [place for place in FILES if place.startswith("modules/")])
def test_a_module_travels_light(place):
    """It is packed, sent and compiled at each run, in the window of a cutover too."""
    name = place[len("modules/") : -len(".py")]
    carried = luggage(name)
    assert name.startswith("access_key") or not any("/keyring/" in one for one in carried)
    assert name not in ("migration", "migration_info", "change_feed") or not any("/_store/" in one for one in carried)
    moves = name in ("evict", "sync", "verify", "storage_class", "bucket_copy", "probe")
    assert not moves or "module_utils/_store/b2native.py" not in carried


def test_packages_that_are_shipped_are_private():
    for kind in ("module_utils", "plugin_utils"):
        for path in (PLUGINS / kind).glob("*"):
            assert path.name.startswith("_"), f"{path} would be part of the public surface"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("import boto3", "module_utils/_core/x.py"),
        ("import ansible.module_utils.basic", "module_utils/_core/x.py"),
        ("from .._store import client", "module_utils/_core/x.py"),
        ("def f():\n    from .._base.module import StoreModule", "module_utils/_store/x.py"),
        ("from ...._base import module", "module_utils/_store/providers/x.py"),
        ("from ansible.module_utils.basic import AnsibleModule", "module_utils/_store/x.py"),
        ("from botocore.exceptions import ClientError", "module_utils/_base/x.py"),
        ("import boto3", "modules/x.py"),
        ("from ansible.plugins.action import ActionBase", "modules/x.py"),
        ("from .bucket import SPEC", "modules/x.py"),
        ("from ..module_utils._store import client", "action/x.py"),
        ("from ansible_collections.mediastore.s3.plugins.module_utils._core import keys", "modules/x.py"),
        ("import importlib", "module_utils/_core/x.py"),
        ("__import__('boto3')", "module_utils/_core/x.py"),
    ],
)
def test_the_floors_would_notice(source, place):
    assert mistakes(source, place)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("import json\nfrom .errors import BadInput\nfrom . import keys", "module_utils/_core/x.py"),
        ("import boto3\nfrom ..profile import Profile\nfrom ..._core import errors", "module_utils/_store/providers/x.py"),
        ("from ..module_utils._base.module import StoreModule\nfrom ..module_utils._core import keys", "modules/x.py"),
        ("from ansible.plugins.action import ActionBase\nfrom ..plugin_utils._live import Live", "action/x.py"),
    ],
)
def test_the_floors_let_pass(source, place):
    assert mistakes(source, place) == []
