# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides name what there is: stages and what follows them, messages, playbooks, figures of other pages, and versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.module_utils._core.claim import LEASE_S
from ansible_collections.mediastore.s3.plugins.module_utils._core.migration import Migration
from ansible_collections.mediastore.s3.plugins.module_utils._core.outlook import WORDS, next_command, undo_command

ROOT = Path(__file__).parents[3]
DOCS = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md"), *ROOT.glob("roles/*/README.md"), ROOT / "examples" / "README.md"])
PLAYBOOKS = {
    path.relative_to(ROOT / "playbooks").with_suffix("").as_posix().replace("/", ".")
    for path in (ROOT / "playbooks").rglob("*.yml")
}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without the one that names the columns."""
    part = text(page).split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_what_follows_each_stage():
    rows = {row[0].strip("`"): row for row in table("docs/recovery.md", "Where it stands")}
    assert set(rows) == set(WORDS)
    for stage, (_stage, application, following, back) in rows.items():
        migration = Migration(name="media", stage=stage)
        command = next_command(migration, "")
        assert following.startswith(f"`{command}`" if command else "nothing"), stage
        assert back.startswith("`rollback`") == bool(undo_command(migration, "")), stage
        assert ("down" in application) == ("INTERRUPTED" in WORDS[stage]), stage


@pytest.mark.parametrize("row", table("docs/recovery.md", "The application is down"), ids=lambda row: row[0])
def test_each_message_is_one_that_somebody_gets(row):
    sources = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "roles").rglob("*.yml")]
    said = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for message in re.findall(r"`([^`]+)`", row[0]):
        # what the system itself says stands for itself
        assert message in said or message == "No space left on device"


def test_how_long_a_claim_lasts():
    assert LEASE_S == 180 and text("docs/recovery.md").count("three minutes") == 2


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_playbook_that_a_page_names_is_there(path):
    named = re.findall(r"ansible-playbook [^\n`|]*?mediastore\.s3\.([a-z_]+(?:\.[a-z_]+)?)\b", path.read_text(encoding="utf-8"))
    assert set(named) <= PLAYBOOKS


def test_each_figure_of_the_comparison_is_on_the_page_that_it_names():
    for row in table("docs/comparison.md", "Measured"):
        _what, *figures, where = row
        link = re.search(r"\]\((\w+\.md)(?:#[\w-]+)?\)", where)
        assert link and re.search(r"`[^`]+`", where), f"{row[0]}: which page, and which command made it?"
        page = text(f"docs/{link[1]}")
        for number in re.findall(r"\d[\d .]*\d|\d", " ".join(figures)):
            assert number in page, f"{row[0]}: {number} is not in docs/{link[1]}"


def test_the_versions_are_what_the_machinery_goes_by():
    """docs/versions.md is where they are stated."""
    cores, controllers, hosts, boto3 = (row[1] for row in table("docs/versions.md", "Supported"))
    oldest_core = cores.split(",")[0]
    meta = yaml.safe_load(text("meta/runtime.yml"))
    assert meta["requires_ansible"] == f">={oldest_core}.0"
    for path in ROOT.glob("roles/*/meta/main.yml"):
        assert yaml.safe_load(path.read_text())["galaxy_info"]["min_ansible_version"] == oldest_core, path
    tested = {path.stem for path in (ROOT / "tests" / "cores").glob("*.txt")}
    assert set(cores.split(", ")) == tested, "make cores runs them"
    for path in (ROOT / "tests" / "cores").glob("*.txt"):
        assert re.search(rf"^ansible-core=={re.escape(path.stem)}\.\d+$", path.read_text(), re.M), path
    assert re.search(r"^ansible-core==([\d.]+)\.\d+$", text("requirements-dev.txt"), re.M)[1] in tested
    first, last = hosts.split("–")
    assert f'target-version = "py{first.replace(".", "")}"' in text("pyproject.toml")
    sanity = text("tests/utils/sanity.sh")
    assert f"oldest_target={first.split('.')[1]}" in sanity and f"seq $oldest_target {last.split('.')[1]}" in sanity
    first, last = controllers.split("–")
    bounds = f"({first.replace('.', ', ')}) <= sys.version_info < (3, {int(last.split('.')[1]) + 1})"
    assert bounds in text("tests/utils/venv.sh")
    assert f"boto3>={boto3}.0" in text("requirements.txt")


def test_nowhere_else_another_version_is_stated():
    cores, _controllers, hosts, boto3 = (row[1] for row in table("docs/versions.md", "Supported"))
    allowed = {"ansible-core": cores.split(", "), "Python": [hosts.split("–")[0], "3.10"], "boto3": [boto3]}
    for path in DOCS:
        for what, version in re.findall(r"(ansible-core|Python|boto3) (\d+\.\d+) or newer", path.read_text(encoding="utf-8")):
            assert version == allowed[what][0] or (what, version) == ("Python", "3.10"), f"{path}: {what} {version}"


def test_no_exception_from_sanity():
    assert [path for path in ROOT.glob("tests/sanity/ignore-*.txt") if path.read_text().strip()] == []


def test_what_galaxy_and_certification_want():
    """The checklist of the community package and of certification, where a test can hold it."""
    galaxy = yaml.safe_load(text("galaxy.yml"))
    for name in (
        "namespace",
        "name",
        "version",
        "readme",
        "authors",
        "description",
        "tags",
        *("repository", "documentation", "homepage", "issues"),
    ):
        assert galaxy[name], name
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", galaxy["version"]) and not galaxy["dependencies"]
    assert galaxy["license"] == ["GPL-3.0-or-later"] and set(galaxy["tags"]) & {"storage", "application", "cloud"}
    headings = re.findall(r"^## (.+)$", text("README.md"), re.M)
    wanted = [
        "Description",
        "Requirements",
        "Installation",
        "Use Cases",
        "Testing",
        "Contributing",
        "Support",
        "Release Notes and Roadmap",
    ]
    assert headings == [*wanted, "Related Information", "License Information"]
    assert "pip install ansible" not in text("README.md")
    for line in text("requirements.txt").splitlines():
        assert re.fullmatch(r"[a-z0-9-]+>=[\d.]+", line) and not line.startswith("ansible")
    environment = yaml.safe_load(text("meta/execution-environment.yml"))["dependencies"]
    assert environment == {"python": "requirements.txt", "system": "bindep.txt"}
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "CHANGELOG.md", "changelogs/changelog.yaml"):
        assert (ROOT / name).stat().st_size > 100, name


def test_the_readme_leads_somewhere_on_galaxy_too():
    """Galaxy shows the README alone, so its links are whole addresses; each is a file that is here."""
    galaxy = yaml.safe_load(text("galaxy.yml"))
    links = re.findall(r"\]\(([^)\s]+)\)", text("README.md"))
    own = [link.partition("#")[0] for link in links if link.startswith(galaxy["repository"])]
    assert [link for link in links if "://" not in link] == [] and len(own) > 20
    for link in own:
        assert (ROOT / re.sub(r"^.*?/(blob|tree)/main/", "", link)).exists(), link
