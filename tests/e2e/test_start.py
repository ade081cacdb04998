# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/start.md from its first line to its last: every file that it prints is written, and every command is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import BUCKET, Site, Writer
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "YOUR-ACCESS-KEY", "YOUR-SECRET-KEY") as store:
        made = Site(tmp_path, store)
        made.build()
        # the first command of all makes it
        (store.data / BUCKET).rmdir()
        try:
            yield made
        finally:
            made.close()


def test_what_the_page_says(site, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "password").write_text("of-the-vault")
    # what is installed is what is run: nothing of the checkout may be found, but for what keeps compiled code
    environment = site.environment()
    kept = [path for path in environment["PYTHONPATH"].split(":") if path.endswith("/tests/utils/kept")]
    environment.update(
        PYTHONPATH=":".join(kept),
        ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "collections"),
        ANSIBLE_VAULT_PASSWORD_FILE=str(tmp_path / "password"),
        PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin",
    )
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), str(ROOT)]
    archive = type_(build, here, environment).stdout.rpartition(" at ")[2].strip()
    known = site.inventory()["all"]["hosts"]["depot"]
    # the page has a unit of systemd and its own addresses; here the same kind of application is started by commands
    ours = {name: known[name] for name in known if name.startswith(("ansible_", "generic_", "mediastore_engine"))}
    ours.update(generic_services=[], migrate_state_dir=str(site.state), migrate_bucket=BUCKET)
    ours["mediastore_buckets"] = [{"name": BUCKET, "preset": "private"}]
    store = f"provider: rclone\n  ca_path: {site.store.ca_path}"
    places = {"https://s3.example.org": site.store.endpoint_url, "provider: minio": store}
    said = []
    with Writer(site):
        for kind, text in BLOCK.findall((ROOT / "docs" / "start.md").read_text(encoding="utf-8")):
            if kind == "yaml":
                name = text.split()[1]
                for printed, real in places.items():
                    text = text.replace(printed, real)
                (here / name).parent.mkdir(parents=True, exist_ok=True)
                (here / name).write_text(text)
                continue
            assert kind == "sh", "every block is a file or commands"
            for command in text.splitlines():
                said.append(command.split()[-1])
                (tmp_path / "ours.json").write_text(json.dumps(ours))
                done = type_(real_command(command, archive, tmp_path / "ours.json"), here, environment)
                if command.endswith("finalize"):
                    assert done.returncode and "is kept 7 days" in done.stdout, done.stdout
                    (tmp_path / "ours.json").write_text(json.dumps({**ours, "migrate_keep_backup_days": 0}))
                    done = type_(real_command(command, archive, tmp_path / "ours.json"), here, environment)
                assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
                assert "YOUR-SECRET-KEY" not in done.stdout
    stages = [name.rpartition(".")[2] for name in said if name.startswith("mediastore.s3.migrate.")]
    assert stages == ["plan", "sync", "cutover", "status", "rollback", "cutover", "finalize"]
    assert json.loads((site.state / "gallery" / "migration.json").read_text())["stage"] == "finalized"
    assert (here / "host_vars/gallery.example.org/vault.yml").read_text().startswith("$ANSIBLE_VAULT")
    assert site.lost() == [] and not site.backup.exists()
    assert yaml.safe_load((here / "host_vars/gallery.example.org/vars.yml").read_text())["migrate_app"] == "generic"


def type_(words: list[str], here: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one command as somebody would type it in that directory."""
    return subprocess.run(words, cwd=here, env=environment, capture_output=True, text=True, timeout=240, check=False)


def real_command(command: str, archive: str, ours: Path) -> list[str]:
    """A command as it is printed, with the archive that was built here for Galaxy's, and what differs on this host."""
    words = command.split()
    if words[0] == "ansible-galaxy":
        return [*words[:-1], "--offline", archive]
    return [*words, "-e", f"@{ours}"] if words[0] == "ansible-playbook" else words
