# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fast engine comes with a migration to a host that lacks it, from the package index; or else boto3 does the work."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Site
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

#: Runs the rest of the command with a directory of the test's as /opt/mediastore, which nobody else sees.
PRIVATE = r"""
set -e
hold=$1 own=$2; shift 2
mount -t tmpfs none "$hold"
mkdir "$hold/mediastore"
for place in /opt/*/; do
  name=$(basename "$place")
  test "$name" = mediastore || test ! -d "$place" || { mkdir "$hold/$name"; mount --rbind "$place" "$hold/$name"; }
done
mount --bind "$own" "$hold/mediastore"
mount --rbind "$hold" /opt
exec "$@"
"""
UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
#: what boto3 consists of
BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")


def allowed() -> bool:
    """Whether this machine lets its users have mounts of their own."""
    tried = subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/opt"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not allowed(), reason="this machine lets nobody have mounts of their own")


class Bare(Site):
    """A host whose Python lacks what the modules want, with an /opt/mediastore of its own."""

    @property
    def opt(self) -> Path:
        return self.directory / "opt"

    def command(self, stage: str, *options: str) -> list[str]:
        places = (self.directory / "hold", self.opt)
        for place in places:
            place.mkdir(exist_ok=True)
        return [*UNSHARE, "sh", "-c", PRIVATE, "sh", *map(str, places), *super().command(stage, "-v", *options)]

    def python(self, *modules: str) -> str:
        """A Python that has these modules and no others."""
        made = self.directory / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
        (packages,) = made.glob("lib/python*/site-packages")
        for name in modules:
            found = find_spec(name)
            assert found and found.origin
            origin = Path(found.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            (packages / source.name).symlink_to(source)
        return str(made / "bin" / "python")


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = Bare(tmp_path, store)
        made.build(files=8)
        try:
            yield made
        finally:
            made.close()


def test_it_is_installed_once_and_used(site):
    # not even boto3 is there: all modules start again in the virtual environment
    site.vary(mediastore_engine_install=True, ansible_python_interpreter=site.python())
    predicted = site.play("sync", "--check")
    assert "Install the packages" in predicted.output and list(site.opt.iterdir()) == [], predicted.output
    done = site.play("sync")
    assert done.status == 0, done.output
    assert '"engine": "obstore"' in done.output and '"engine_reason": "it is installed' in done.output
    assert "could not be installed" not in done.output
    again = site.play("sync")
    assert (again.status, again.changed) == (0, 0), again.output
    assert "Install the packages" not in again.output
    # as after an upgrade of the distribution: its Python is gone
    interpreter = site.opt / "venv" / "bin" / "python"
    interpreter.unlink()
    interpreter.symlink_to("/nowhere/python")
    mended = site.play("cutover")
    assert mended.status == 0 and '"engine": "obstore"' in mended.output, mended.output
    stopped, installed = (
        mended.output.index(f"TASK [mediastore.s3.{task}")
        for task in ("migrate : Stop the application, copy the last files", "engine : Try it]")
    )
    assert installed < stopped


@pytest.mark.parametrize(
    "variables, reason",
    [
        ({"mediastore_engine_packages": ["obstore==0.0.0.1"]}, "No matching distribution found for obstore==0.0.0.1"),
        ({"mediastore_engine_python": "/nowhere/python3"}, "/nowhere/python3"),
    ],
)
def test_where_it_cannot_be_installed_boto3_does_the_work(site, variables, reason):
    site.vary(mediastore_engine_install=True, ansible_python_interpreter=site.python(*BOTO3), **variables)
    done = site.play("sync")
    assert done.status == 0 and done.failed == 0, done.output
    assert "The fast engine could not be installed" in done.output and reason in done.output, done.output
    assert '"engine": "boto3"' in done.output


def test_it_is_left_alone_if_that_is_wanted_or_if_it_is_there(site):
    site.vary(mediastore_engine_install=False, ansible_python_interpreter=site.python(*BOTO3))
    done = site.play("sync")
    assert done.status == 0 and '"engine": "boto3"' in done.output and list(site.opt.iterdir()) == []
    site.vary(mediastore_engine_install=True, ansible_python_interpreter=sys.executable)
    again = site.play("sync")
    assert (again.status, again.changed) == (0, 0) and list(site.opt.iterdir()) == []
    assert "Install the packages" not in again.output
