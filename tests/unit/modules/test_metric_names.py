# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that the guide to monitoring promises are those that are written, and alerts and dashboard use no others."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.servers.gate import GatedS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
NAME = re.compile(r"\bmediastore_(?:sync|verify|evict|mount|sentinel|doctor)_[a-z_]+\b")
DOCUMENTED = {row.group(1) for row in re.finditer(r"^\| `(mediastore_[a-z_]+)` \| [^|]+ \| [^|]+ \|$", GUIDE, re.MULTILINE)}


def names(path):
    """What a file tells, each with a line that says what it means and one that says what it is."""
    lines = path.read_text().splitlines()
    told = {re.split(r"[{ ]", line)[0] for line in lines if line[0] != "#"}
    for kind in ("HELP", "TYPE"):
        assert [line.split()[2] for line in lines if line.startswith(f"# {kind} ")] == list(
            dict.fromkeys(re.split(r"[{ ]", line)[0] for line in lines if line[0] != "#")
        )
    return told


@pytest.fixture
def written(tmp_path, monkeypatch):
    """All names, by having each of those who tell anything tell it."""
    media = tmp_path / "media"
    media.mkdir()
    (media / "1.png").write_bytes(b"x" * 100)
    told = tmp_path / "told"
    told.mkdir()
    with GatedS3() as store:
        store.client().create_bucket(Bucket="media")
        common = {**store.connection, "path": str(media), "bucket": "media"}
        evict = {"journal": str(tmp_path / "state" / "journal"), "max_age": "1d"}
        for module, more in (("sync", {}), ("verify", {}), ("evict", evict)):
            assert not run_module(module, {**common, **more, "metrics": str(told / f"{module}.prom")}).get("failed")
        sick = {"endpoint_url": "https://127.0.0.1:1", "buckets": [{"name": "media"}], "metrics": str(told / "doctor.prom")}
        assert [found["name"] for found in run_module("doctor", {**store.connection, **sick})["findings"]] == ["no_answer"]
        run_module("sentinel", {**store.connection, "buckets": [{"name": "media"}], "metrics": str(told / "sentinel.prom")})
    spec = importlib.util.spec_from_file_location("mount_guard", ROOT / "roles" / "mount" / "files" / "mount_guard.py")
    guard = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(guard)
    monkeypatch.setattr(guard, "RUN", str(tmp_path / "run"))
    guard.tell(str(told / "mount.prom"), "media", {"path": "/srv/media", "pending": str(tmp_path / "vfsMeta")}, True)
    return set().union(*map(names, told.iterdir()))


def test_the_documented_names_are_those_that_are_written(written):
    assert written == DOCUMENTED


def test_alerts_use_documented_names():
    block = re.search(r"```yaml\n(groups:.*?)```", GUIDE, re.DOTALL)
    rules = yaml.safe_load(block.group(1))["groups"][0]["rules"]
    used = [set(NAME.findall(rule["expr"])) for rule in rules]
    assert all(used) and set().union(*used) <= DOCUMENTED
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_the_dashboard_uses_documented_names():
    dashboard = json.loads((ROOT / "docs" / "dashboards" / "mediastore.json").read_text(encoding="utf-8"))
    queries = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
    for title, query in queries:
        found = set(re.findall(r"\bmediastore_\w+", query))
        assert found and found <= DOCUMENTED, (title, query)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
