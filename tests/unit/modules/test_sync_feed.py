# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sync that follows the change feed finds what a walk would find, or walks and says why."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.feed import Feed
from ansible_collections.mediastore.s3.tests.e2e import measured
from ansible_collections.mediastore.s3.tests.servers import restless
from ansible_collections.mediastore.s3.tests.unit.core.watching import kernel_refuses
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

LIMIT = Path("/proc/sys/fs/fanotify/max_queued_events")
#: The kernel tells each feed of all that happens on the filesystem, so a test that floods it does that to others beside it.
pytestmark = pytest.mark.xdist_group("feed")


def run(module, options):
    """A module in a process of its own. Its output ends only when nobody holds it any more."""
    with measured.start(module, options) as process:
        return json.loads(process.stdout.read())


class Side:
    """A directory, a bucket, a journal, and the modules as they are called for them."""

    def __init__(self, store, directory):
        self.store = store
        self.root = directory / "media"
        self.root.mkdir()
        self.journal = directory / "state" / "journal"
        self.bucket = store.data / "media"
        self.bucket.mkdir()

    def write(self, **files):
        for name, body in files.items():
            path = self.root / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def feed(self, state=None, check=False):
        """Run change_feed in a process of its own, as a host does: it leaves another one behind."""
        options = {"path": str(self.root), "journal": str(self.journal), "_ansible_check_mode": check}
        result = run("change_feed", {**options, **({"state": state} if state else {})})
        if state == "started" and result.get("failed"):
            assert kernel_refuses(self.root), f"the kernel would have allowed it: {result['msg']}"
            assert "Leave the change feed out" in result["msg"]
        return result

    def sync(self, against="store", check=False, journal=None, **options):
        options = {**self.store.connection, "path": str(self.root), "bucket": "media", **options}
        return run_module("sync", {**options, "against": against, "journal": str(journal or self.journal)}, check=check)

    def followed(self, **options):
        """A pass that has to do without a walk."""
        result = self.sync("feed", **options)
        assert (result.get("walked"), result.get("walked_reason")) == (False, ""), result
        return result

    def walked(self, why, **options):
        """A pass that has to walk, for this reason."""
        result = self.sync("feed", **options)
        assert result["walked"] and why in result["walked_reason"], result
        return result

    def same(self):
        """Whether every file is in the bucket as it is."""
        for where, _folders, files in os.walk(self.root):
            for name in files:
                path = os.path.join(where, name)
                copy = self.bucket / os.path.relpath(path, self.root)
                if not copy.exists() or digest(copy) != digest(path):
                    return f"{copy} is not {path}"
        return "same"


def digest(path):
    return hashlib.md5(Path(path).read_bytes()).hexdigest()


@pytest.fixture
def side(rclone, tmp_path):
    made = Side(rclone, tmp_path)
    made.write(**{f"{number % 10}__{number}": b"first" for number in range(50)})
    try:
        yield made
    finally:
        made.feed("stopped")


@pytest.fixture
def covered(side):
    """The same with a feed and a copy after it; None where there can be no feed."""
    if side.feed("started").get("failed"):
        yield None
        return
    assert side.sync()["transferred"]["files"] == 50
    yield side


def test_only_what_changed_is_looked_at(covered, tmp_path):
    if covered is None:
        return
    side = covered
    assert side.followed()["plan"]["reasons"] == {}
    (tmp_path / "elsewhere").write_bytes(b"of the same filesystem")
    os.link(tmp_path / "elsewhere", tmp_path / "its other name")
    (tmp_path / "elsewhere").write_bytes(b"which has two names now")
    assert side.feed()["pending"] == 0
    side.write(**{"1__1": b"other", "new__deep__one": b"new", "5__5": b"first"})
    assert side.feed()["pending"] == 5, "three files and two folders"
    (side.root / "2").rename(side.root / "moved")
    result = side.followed()
    assert result["plan"]["reasons"] == {"missing": 6, "content": 1, "same_content": 1}
    assert result["transferred"]["files"] == 7 and side.same() == "same"
    assert side.followed()["plan"]["reasons"] == {}
    status = side.feed()
    assert (status["changed"], status["running"], status["covered"], status["pending"]) == (False, True, True, 0)


def test_started_and_stopped_twice(side, tmp_path):
    assert side.feed("started", check=True)["changed"] and not side.feed()["running"]
    first = side.feed("started")
    if first.get("failed"):
        return
    assert first["changed"] and first["directory"] == str(side.root)
    again = side.feed("started")
    assert (again["changed"], again["pid"]) == (False, first["pid"])
    side.root.rename(tmp_path / "aside")
    side.root.mkdir()
    other = side.feed("started")
    assert other["changed"] and other["pid"] != first["pid"]
    assert side.feed("stopped", check=True) == {**side.feed("stopped", check=True), "changed": True, "running": False}
    assert side.feed()["running"]
    assert side.feed("stopped")["changed"]
    assert not side.feed("stopped")["changed"]
    assert sorted(os.listdir(side.journal.parent)) == ["journal.feed.lock"]


def test_without_a_feed_it_walks(side):
    side.sync()
    side.write(new=b"new")
    assert side.walked("no feed was started")["transferred"]["files"] == 1
    assert "walked" not in side.sync("journal")


def test_a_feed_that_began_after_the_copy_is_not_enough(side):
    side.sync()
    if side.feed("started").get("failed"):
        return
    side.walked("no copy with this journal has been completed since the feed was started")
    side.write(new=b"new")
    assert side.followed()["transferred"]["files"] == 1, "the walk covered what the feed could not"


def test_a_killed_feed_is_noticed(covered):
    if covered is None:
        return
    pid = covered.feed()["pid"]
    os.kill(pid, signal.SIGKILL)
    while os.path.exists(f"/proc/{pid}/root"):
        time.sleep(0.05)
    covered.write(new=b"new")
    assert covered.walked("the feed has ended")["transferred"]["files"] == 1
    assert covered.feed("started")["changed"]
    covered.write(newer=b"newer")
    assert covered.walked("no copy with this journal")["transferred"]["files"] == 1
    assert covered.followed()["transferred"]["files"] == 0


def test_an_overflow_is_noticed(covered):
    if covered is None:
        return
    pid = covered.feed()["pid"]
    os.kill(pid, signal.SIGSTOP)
    number_of_files = int(LIMIT.read_text()) // 2 + 500
    for number in range(number_of_files):
        (covered.root / "1" / f"o{number}").touch()
    os.kill(pid, signal.SIGCONT)
    for number in range(number_of_files):
        (covered.root / "1" / f"o{number}").unlink()
    covered.write(new=b"new")
    assert not covered.feed()["covered"]
    assert covered.walked("queue overflowed")["transferred"]["files"] == 1
    assert covered.followed()["transferred"]["files"] == 0


@pytest.mark.parametrize("other", [{"exclude": ["none/"]}, {"special": "skip"}, {"compare": "size"}])
def test_a_copy_of_another_part_does_not_count(covered, other):
    if covered is None:
        return
    covered.walked("another exclude, special or compare", **other)
    covered.followed(**other)


def test_another_journal_directory_or_an_older_journal_do_not_count(covered, tmp_path):
    if covered is None:
        return
    assert covered.sync("feed", journal=tmp_path / "other" / "journal")["walked_reason"] == "no feed was started"
    saved = tmp_path / "saved"
    shutil.copy(covered.journal, saved)
    covered.write(new=b"new")
    covered.followed()
    shutil.copy(saved, covered.journal)
    covered.walked("no copy with this journal has been completed")
    covered.root.rename(tmp_path / "aside")
    shutil.copytree(tmp_path / "aside", covered.root)
    covered.walked("the feed watches another directory")


def test_a_copy_that_was_cut_short_does_not_count(covered):
    if covered is None:
        return
    shutil.rmtree(covered.bucket / "3")
    options = {**covered.store.connection, "path": str(covered.root), "bucket": "media", "journal": str(covered.journal)}
    covered.store.data.joinpath("media", "3").write_text("a file where the store needs a folder")
    failed = run("sync", options)
    assert failed["failures"] == 5, failed
    covered.store.data.joinpath("media", "3").unlink()
    # the five were planned and not done, so they are with the feed although nobody has touched them
    assert covered.followed()["transferred"]["files"] == 5
    assert covered.same() == "same"


def test_a_run_that_is_killed_takes_nothing_from_the_feed(covered):
    if covered is None:
        return
    covered.write(**{f"many__{number}": b"x" for number in range(2000)})
    running = Feed(str(covered.journal))
    options = {**covered.store.connection, "path": str(covered.root), "bucket": "media", "journal": str(covered.journal)}
    process = measured.start("sync", {**options, "against": "feed", "concurrency": 1})
    while len(list((covered.bucket / "many").glob("*")) if (covered.bucket / "many").exists() else []) < 20:
        time.sleep(0.01)
    process.kill()
    with process:
        pass
    assert running.status()["changed"] >= 2000
    assert covered.followed()["plan"]["reasons"].keys() <= {"missing", "proved", "same_content"}
    assert covered.same() == "same"


def test_a_prediction_walks_and_takes_nothing(covered):
    if covered is None:
        return
    covered.write(new=b"new")
    predicted = covered.sync("feed", check=True)
    assert (predicted["walked"], predicted["walked_reason"]) == (True, "a prediction looks at everything")
    assert predicted["plan"]["upload"]["files"] == 1
    assert covered.followed()["transferred"]["files"] == 1


def test_links_and_bad_names_are_refused_as_by_a_walk(covered):
    if covered is None:
        return
    (covered.root / "1" / "link").symlink_to("1")
    with open(os.fsencode(covered.root) + b"/\xff", "wb"):
        pass
    said = []
    for against in ("feed", "journal"):
        failed = covered.sync(against)
        assert failed["failed"], failed
        said.append(failed["error"]["said"])
    for words in said:
        assert words.startswith("2 of the names") and "is a symbolic link" in words and "is not valid UTF-8" in words


def test_a_folder_that_became_a_link_is_not_followed(covered, tmp_path):
    if covered is None:
        return
    covered.write(**{"1__1": b"other"})
    (covered.root / "1").rename(tmp_path / "elsewhere")
    (covered.root / "1").symlink_to(tmp_path / "elsewhere")
    covered.walked("another exclude", special="skip")
    with open(tmp_path / "elsewhere" / "1", "wb") as out:
        out.write(b"again")
    result = covered.followed(special="skip")
    assert result["plan"]["upload"]["files"] == 0


def test_what_contradicts_it_is_refused(side):
    for options, why in (({"compare": "checksum"}, "reads every file"), ({"direction": "download"}, "against is feed")):
        failed = side.sync("feed", **options)
        assert failed["failed"] and why in failed["msg"]


@pytest.mark.parametrize("seed", range(3))
def test_a_writer_that_never_stops(side, seed):
    """The last pass by the feed plans what a walk plans, and nothing is left for a walk after it."""
    if side.feed("started").get("failed"):
        return
    with subprocess.Popen([sys.executable, restless.__file__, str(side.root), str(seed)]) as writer:
        try:
            time.sleep(1)
            assert side.sync()["transferred"]["files"] > 50
            for _turn in range(3):
                time.sleep(1)
                result = side.sync("feed")
                if "error" not in result:
                    assert (result["walked"], result["walked_reason"]) == (False, ""), result
            time.sleep(1)
            assert writer.poll() is None, "the writer has died"
            # It is stopped, not ended: what it holds open stays open.
            os.kill(writer.pid, signal.SIGSTOP)
            predicted = side.sync("journal", check=True)
            last = side.followed()
            assert last["plan"]["upload"] == predicted["plan"]["upload"]
            assert last["plan"]["upload"]["files"] > 10
            assert side.same() == "same"
            after = side.sync("journal")
            assert after["transferred"]["files"] == 0, after
            assert side.sync()["plan"]["upload"]["files"] == 0
        finally:
            writer.kill()
