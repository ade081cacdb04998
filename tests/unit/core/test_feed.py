# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change feed that runs: whatever happens below the directory is told, and when it could not be, that is told."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import feed, feedkeeper
from ansible_collections.mediastore.s3.plugins.module_utils._core.changeset import Changes
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, Unsupported
from ansible_collections.mediastore.s3.tests.unit.core.watching import watched

PATIENCE_S = 30
LIMIT = Path("/proc/sys/fs/fanotify/max_queued_events")
#: The kernel tells each feed of all that happens on the filesystem, so a test that floods it does that to others beside it.
pytestmark = pytest.mark.xdist_group("feed")


@pytest.fixture
def root(tmp_path):
    """A directory with some files of before the feed, beside one that is not watched."""
    for name in ("root/old/a", "root/old/b", "root/top", "outside/x", "outside/dir/deep/y"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"before")
    os.link(tmp_path / "outside/x", tmp_path / "root/linked")
    return tmp_path / "root"


@pytest.fixture
def watching(root, tmp_path):
    """The feed, which agreed with a copy that has just ended; None where there can be none."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(watched(root, tmp_path / "journal"))
        if running is not None:
            running.settle(running.begin()["position"], "token", [])
        yield running


def told(running):
    changes, stands = running.changes("token")
    assert changes is not None, stands
    return changes


def inodes(found, root):
    """Without those of other programs on this host, whose files have several names, too."""
    ours = {path.stat().st_ino for path in root.rglob("*") if path.is_file()}
    return [inode for inode in found.inodes if inode in ours]


def append(path):
    with open(path, "ab") as out:
        out.write(b"more")


def in_place(path):
    with open(path, "r+b") as out:
        out.write(b"B")


def mapped(path):
    """Only the mapping writes, long after the file was closed."""
    with open(path, "r+b") as source:
        view = mmap.mmap(source.fileno(), 0)
    view[0:1] = b"M"
    view.close()


@contextlib.contextmanager
def nameless(path):
    """A file that gets its name late: who has it open from before writes on, by no name."""
    fd = os.open(path.parent, os.O_TMPFILE | os.O_RDWR)
    os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)
    yield fd
    os.close(fd)


def moved_in(root):
    os.rename(root.parent / "outside/dir", root / "old/dir")


@pytest.mark.parametrize(
    ("act", "files", "folders"),
    [
        (lambda root: (root / "new").write_bytes(b"x"), {b"new"}, set()),
        (lambda root: (root / "empty").touch(), {b"empty"}, set()),
        (lambda root: append(root / "old/a"), {b"old/a"}, set()),
        (lambda root: in_place(root / "old/a"), {b"old/a"}, set()),
        (lambda root: os.truncate(root / "top", 0), {b"top"}, set()),
        (lambda root: mapped(root / "top"), {b"top"}, set()),
        (lambda root: os.rename(root / "top", root / "old/a"), {b"old/a"}, set()),
        (lambda root: os.rename(root.parent / "outside/x", root / "x"), {b"x"}, set()),
        (lambda root: os.link(root / "top", root / "other"), {b"other"}, set()),
        (lambda root: os.symlink("top", root / "link"), {b"link"}, set()),
        (lambda root: os.rename(root / "old", root / "young"), set(), {b"young/"}),
        (moved_in, set(), {b"old/dir/"}),
        (lambda root: (root / "d/e").mkdir(parents=True), set(), {b"d/", b"d/e/"}),
        (lambda root: os.unlink(root / "top"), set(), set()),
        (lambda root: os.rename(root / "old", root.parent / "away"), set(), set()),
        (lambda root: append(root.parent / "outside/dir/deep/y"), set(), set()),
        (lambda root: (root.parent / "rootlike").mkdir(), set(), set()),
    ],
)
def test_each_kind_of_change(watching, root, act, files, folders):
    if watching is None:
        return
    act(root)
    found = told(watching)
    assert (set(found.files), set(found.folders), inodes(found, root)) == (files, folders, [])


def test_a_file_that_is_never_closed(watching, root):
    if watching is None:
        return
    with open(root / "old/a", "ab", buffering=0) as out:
        for _turn in range(3):
            out.write(b"more")
            found = told(watching)
            assert found.files == [b"old/a"]
            watching.settle(found.position, "token", [])
            assert told(watching).files == []


def test_what_was_written_before_a_rename_is_found_after_it(watching, root):
    if watching is None:
        return
    append(root / "old/a")
    os.rename(root / "old", root / "young")
    found = told(watching)
    assert (found.files, found.folders) == ([b"young/a"], [b"young/"])


def test_the_directory_itself_may_be_renamed(watching, root):
    if watching is None:
        return
    append(root / "old/a")
    os.rename(root, root.parent / "renamed")
    append(root.parent / "renamed/old/b")
    assert set(told(watching).files) == {b"old/a", b"old/b"}
    os.rename(root.parent / "renamed", root)
    append(root / "top")
    assert set(told(watching).files) == {b"old/a", b"old/b", b"top"}


@pytest.mark.parametrize("then", ["nothing", "unlink", "rename"])
def test_a_name_outside_of_the_directory(watching, root, then):
    if watching is None:
        return
    outside = root.parent / "outside/x"
    append(outside)
    if then == "unlink":
        outside.unlink()
    elif then == "rename":
        outside.rename(root.parent / "outside/z")
    found = told(watching)
    assert found.files == [b"linked"] or (found.files, inodes(found, root)) == ([], [(root / "linked").stat().st_ino])


def test_a_name_that_came_after_the_file_was_opened(watching, root):
    if watching is None:
        return
    with nameless(root / "named") as fd:
        found = told(watching)
        assert found.files == [b"named"]
        watching.settle(found.position, "token", [])
        os.write(fd, b"late")
        found = told(watching)
        assert b"named" in found.files or (root / "named").stat().st_ino in found.inodes


def test_what_changes_again_stays_and_what_is_left_comes_back(watching, root):
    if watching is None:
        return
    for name in ("old/a", "old/b", "top"):
        append(root / name)
    first = told(watching)
    assert set(first.files) == {b"old/a", b"old/b", b"top"}
    append(root / "old/a")
    watching.settle(first.position, "token 2", [b"top"])
    found, _stands = watching.changes("token 2")
    assert set(found.files) == {b"old/a", b"top"}
    assert watching.changes("token")[0] is None, "who knows an older copy only has to look at everything"
    assert watching.changes("")[0] is None


def test_a_copy_of_everything_settles_what_came_before_it(watching, root):
    if watching is None:
        return
    append(root / "old/a")
    begun = watching.begin()
    append(root / "old/b")
    watching.settle(begun["position"], "token", [])
    assert told(watching).files == [b"old/b"]


def test_odd_names_come_through(watching, root):
    if watching is None:
        return
    for name in (b"a b", b"\xff\xfe", "ü\n".encode(), b"x (deleted)", b"n" * 255):
        with open(os.path.join(os.fsencode(root), name), "wb"):
            pass
    assert set(told(watching).files) == {b"a b", b"\xff\xfe", "ü\n".encode(), b"x (deleted)", b"n" * 255}


def test_an_overflow_is_noticed_and_made_good_by_a_copy(watching, root):
    if watching is None:
        return
    pid = watching.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(int(LIMIT.read_text()) // 2 + 1000):  # each is created and closed: two events
            (root / f"old/{number}").touch()
    finally:
        os.kill(pid, signal.SIGCONT)
    changes, stands = watching.changes("token")
    assert changes is None and "queue overflowed" in stands["lost"]
    begun = watching.begin()
    append(root / "top")
    watching.settle(begun["position"], "token 2", [])
    changes, stands = watching.changes("token 2")
    assert (changes.files, stands["lost"]) == ([b"top"], "")


def test_more_than_can_be_kept(root, tmp_path):
    with watched(root, tmp_path / "journal", most=10) as running:
        if running is None:
            return
        running.settle(running.begin()["position"], "token", [])
        for number in range(11):
            (root / str(number)).touch()
        changes, stands = running.changes("token")
        assert changes is None and stands["lost"] == "more than 10 files have changed"


def test_a_mount_inside_is_noticed(watching, root):
    if watching is None:
        return
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root / "old"], check=True)
    try:
        changes, stands = watching.changes("token")
        assert changes is None and "is mounted inside of it" in stands["lost"]
        assert watching.begin()["obstacle"] == stands["lost"]
        with pytest.raises(Unsupported, match="is mounted inside of it"):
            feed.start(str(root), str(root.parent / "other"))
    finally:
        subprocess.run(["umount", root / "old"], check=True)


def gone(pid, meanwhile):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        meanwhile()
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_a_killed_one_is_noticed_and_can_be_followed_by_another(root, tmp_path):
    journal = tmp_path / "journal"
    with watched(root, journal) as running:
        if running is None:
            return
        os.kill(running.status()["pid"], signal.SIGKILL)
        assert gone_quiet(running)
        assert (tmp_path / "journal.feed").exists()
        assert feed.running(str(journal)) is None
        feed.stop(str(journal))
        with watched(root, journal) as another:
            assert another.status()["root"] == str(root)
    assert not (tmp_path / "journal.feed").exists()


def gone_quiet(running):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            running.status()
        except feed.NoFeed as exc:
            if "was killed" in exc.said:  # and not cut off in the middle of this answer
                return True
    return False


def test_it_ends_when_nobody_can_ask_it_any_more(root, tmp_path, monkeypatch):
    monkeypatch.setattr(feedkeeper, "LOOK_EVERY_S", 0.1)
    with watched(root, tmp_path / "journal") as running:
        if running is None:
            return
        pid = running.status()["pid"]
        os.unlink(tmp_path / "journal.feed")
        assert gone(pid, lambda: append(root / "top")), "on a filesystem where there is always something to do"
        with pytest.raises(feed.NoFeed, match="no feed was started"):
            running.status()


def test_it_ends_when_it_is_forgotten(root, tmp_path, monkeypatch):
    monkeypatch.setattr(feedkeeper, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(feedkeeper, "FORGOTTEN_S", 2)
    with watched(root, tmp_path / "journal") as running:
        if running is None:
            return
        pid = running.status()["pid"]
        assert gone(pid, lambda: append(root / "top"))
        assert feed.running(str(tmp_path / "journal")) is None


def test_it_holds_on_to_nothing_of_who_started_it(watching):
    if watching is None:
        return
    pid = watching.status()["pid"]
    held = {os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{pid}/fd")}
    assert {"/dev/null", "anon_inode", "socket"} < held and "pipe" not in held
    assert os.getsid(pid) != os.getsid(0)
    assert Path(f"/proc/{pid}/comm").read_text().strip() == "mediastore-feed"


def test_nonsense_does_not_end_it(watching):
    if watching is None:
        return
    for question in ("what", "settle"):
        with pytest.raises(feed.NoFeed, match="gives no answer"):
            watching._ask(question)
    assert watching.status()["lost"] == ""


def test_a_name_too_long_for_a_socket_and_a_long_folder(root, tmp_path):
    deep = tmp_path / ("d" * 200)
    deep.mkdir()
    with watched(root, deep / "journal") as running:
        assert running is None or running.status()["root"] == str(root)
    with pytest.raises(Unsupported):
        feed.start(str(root), str(tmp_path / ("j" * 100)))


def test_no_directory(tmp_path):
    with pytest.raises(BadInput, match="it is not a directory"):
        feed.start(str(tmp_path / "none"), str(tmp_path / "journal"))


def test_a_filesystem_of_another_kind(tmp_path):
    with pytest.raises(Unsupported, match="it is on the filesystem proc"):
        feed.start("/proc/self/fdinfo", str(tmp_path / "journal"))
    with pytest.raises(feed.NoFeed, match="no feed was started"):
        feed.Feed(str(tmp_path / "journal")).status()


def test_changes_travel_unharmed():
    changes = Changes(7, [b"\xff", "ü".encode()], [b"d/"], [1 << 63])
    assert Changes.from_dict(changes.as_dict()) == changes
