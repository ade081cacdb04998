# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes and what stays, and that nothing goes which the bucket is not proved to have, whoever writes meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import evict as evicting
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._core.evict import Evictor, Means, prune, unlink_unchanged
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal, scratch
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.lru import Candidate, Candidates, Selection, last_used_ns
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import LocalFile
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.survey import Policy
from ansible_collections.mediastore.s3.plugins.module_utils._core.transfer import Tally

from .memory import MemoryStore

DAY = 86400
NOW = time.time_ns()
#: days since the last use, by name; all in the bucket
AGES = {"local_content/aa/1": 40, "local_content/aa/2": 30, "local_content/bb/3": 20, "local_thumbnails/aa/1/96": 50}


def body(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest() * 100


class Site:
    """A media store and its bucket."""

    def __init__(self, root, directory):
        self.root, self.directory = root, directory
        self.store = MemoryStore()
        for name, age in AGES.items():
            self.write(name, age)
            self.store.put(name, body(name), hashlib.md5(body(name)).digest(), 0)
        self.store.puts.clear()
        self.survey = None

    def write(self, name, days=10.0, content=None, atime_days=None):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body(name) if content is None else content)
        written = NOW - round(days * DAY * 1e9)
        read = written if atime_days is None else NOW - round(atime_days * DAY * 1e9)
        os.utime(path, ns=(read, written))
        return path

    def files(self):
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def run(self, dry=False, drill=0, etag_is_md5=True, exclude=(), atime=True, abandoned=lambda: False, **policy):
        rules = {"max_bytes": None, "max_age_s": None, "min_age_s": DAY, "upload_after_s": 3600, **policy}
        keep = Exclude(list(rules.pop("keep", [])))
        policy = Policy(keep=keep, atime=atime, now_ns=NOW, **rules)
        means = Means(True, 1024, etag_is_md5, 8 << 20, 2, 5, dry)
        tree = Tree(str(self.root), "", Exclude(list(exclude)))
        with contextlib.ExitStack() as stack:
            kept = stack.enter_context(contextlib.closing(Journal(str(self.directory / "journal"))))
            written = stack.enter_context(contextlib.closing(scratch(str(self.directory)))) if dry else kept
            evictor = Evictor(policy, means, tree, self.store, written, kept, Silent(), abandoned)
            self.survey, tally = evictor.look(planning=True), Tally(5)
            if self.survey.plan_files and not dry:
                tally = evictor.send()
                self.survey = evictor.look(planning=False)
            evictor.evict(self.survey)
            drilled = evictor.drill(drill, self.survey)
            return {**evictor.result(self.survey, tally), "drilled": drilled}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "state").mkdir()
    return Site(tmp_path / "media", tmp_path / "state")


SIZE = len(body(""))


def test_the_least_recently_used_go_until_it_is_small_enough(site):
    done = site.run(max_bytes=2 * SIZE)
    assert site.files() == ["local_content/aa/2", "local_content/bb/3"]
    assert (done["evicted"], done["local"]) == ({"files": 2, "bytes": 2 * SIZE}, {"files": 2, "bytes": 2 * SIZE})
    assert (done["stayed"]["recent"], done["over_bytes"], done["used_by"]) == (2, 0, "atime")
    again = site.run(max_bytes=2 * SIZE)
    assert (again["evicted"]["files"], again["uploaded"]["files"], again["stayed"]["recent"]) == (0, 0, 2)


def test_what_was_read_lately_stays_where_reading_is_noted(site):
    site.write("local_content/aa/1", 40, atime_days=2)
    assert site.run(max_age_s=25 * DAY, keep=["local_thumbnails/"], dry=True)["evicted"]["files"] == 1
    assert site.run(max_age_s=25 * DAY, keep=["local_thumbnails/"], dry=True, atime=False)["evicted"]["files"] == 2
    assert len(site.files()) == 4
    site.run(max_age_s=25 * DAY)
    assert site.files() == ["local_content/aa/1", "local_content/bb/3"]


def test_age_goes_beyond_size_but_never_below_the_floor(site):
    site.write("local_content/cc/4", 0.5, content=body("x"))
    site.store.put("local_content/cc/4", body("x"), hashlib.md5(body("x")).digest(), 0)
    done = site.run(max_bytes=0, max_age_s=0)
    assert site.files() == ["local_content/cc/4"]
    assert (done["stayed"]["young"], done["over_bytes"]) == (1, SIZE)


def test_what_is_kept_counts_but_stays(site):
    done = site.run(max_bytes=2 * SIZE, keep=["local_thumbnails/"])
    assert site.files() == ["local_content/bb/3", "local_thumbnails/aa/1/96"]
    assert done["stayed"]["kept"] == 1


def test_what_is_left_out_is_neither_seen_nor_counted(site):
    page = site.write("url_cache/2026-01-01/x", 100)
    done = site.run(max_bytes=0, exclude=["url_cache/"])
    assert (done["evicted"]["files"], done["local"]["files"], page.exists()) == (4, 0, True)
    assert "url_cache/2026-01-01/x" not in site.store.objects


def test_what_is_missing_is_uploaded_seen_and_then_goes(site):
    site.write("local_content/cc/4", 90)
    done = site.run(dry=True, max_age_s=0)
    assert (done["evicted"]["files"], done["samples"]["planned"]) == (5, ["local_content/cc/4"])
    assert (len(site.files()), site.store.puts) == (5, [])
    done = site.run(max_age_s=0)
    assert (done["uploaded"], done["evicted"]["files"]) == ({"files": 1, "bytes": SIZE}, 5)
    assert (site.files(), site.store.objects["local_content/cc/4"]) == ([], body("local_content/cc/4"))


def test_what_is_still_being_written_is_not_uploaded(site):
    site.write("remote_content/origin/aa/4", 0.5 / 24, content=b"half")
    site.write("local_content/aa/1", 0.5 / 24, content=b"written anew")
    done = site.run(max_age_s=0, min_age_s=0)
    assert (done["stayed"]["settling"], done["stayed"]["different"], site.store.puts) == (2, 0, [])
    assert site.files() == ["local_content/aa/1", "remote_content/origin/aa/4"]


def test_an_upload_that_fails_or_is_not_listed_keeps_the_file(site):
    for name in ("local_content/cc/4", "local_content/cc/5"):
        site.write(name, 90)
    site.store.refuses.add("local_content/cc/4")
    listing = site.store.listing
    site.store.listing = lambda prefix: (thing for thing in listing(prefix) if thing.key != "local_content/cc/5")
    done = site.run(max_age_s=0)
    assert site.files() == ["local_content/cc/4", "local_content/cc/5"]
    assert (done["uploaded"]["files"], done["stayed"]["missing"], done["evicted"]["files"]) == (1, 2, 4)
    assert done["samples"]["missing"] == ["local_content/cc/4", "local_content/cc/5"]


def test_nothing_goes_that_is_not_proved_and_the_next_ones_go_instead(site):
    site.store.objects["local_thumbnails/aa/1/96"] = b""
    site.store.put("local_thumbnails/aa/1/96", b"", hashlib.md5(b"").digest(), 0)
    other = b"?" * SIZE
    site.store.put("local_content/aa/1", other, hashlib.md5(other).digest(), 0)
    done = site.run(max_bytes=3 * SIZE)
    assert site.files() == ["local_content/aa/1", "local_content/bb/3", "local_thumbnails/aa/1/96"]
    assert (done["evicted"]["files"], done["stayed"]["different"]) == (1, 2)
    assert done["samples"]["different"] == [
        f"local_thumbnails/aa/1/96 (0 bytes in the store, {SIZE} here)",
        "local_content/aa/1 (same size, other content)",
    ]
    assert site.store.objects["local_content/aa/1"] == other, "an object was replaced"


def test_where_etags_tell_nothing_the_object_is_read(site):
    site.store.etags = {key: "opaque" for key in site.store.etags}
    other = b"?" * SIZE
    site.store.objects["local_content/aa/1"] = other
    site.store.refuses.add("local_content/aa/2")
    done = site.run(max_age_s=0, etag_is_md5=False)
    assert site.files() == ["local_content/aa/1", "local_content/aa/2"]
    assert (done["stayed"]["different"], done["stayed"]["unreadable"]) == (1, 1)
    assert sorted(site.store.reads) == ["local_content/aa/1", "local_content/bb/3", "local_thumbnails/aa/1/96"]


def test_what_came_back_is_seen_again(site):
    assert site.run(max_age_s=0)["evicted"]["files"] == 4
    site.write("local_content/aa/1", 3)
    assert site.run(max_age_s=0)["evicted"]["files"] == 1
    site.write("local_content/aa/1", 3, content=body("local_content/aa/1")[:100])  # cut off on its way back
    done = site.run(max_age_s=0)
    assert (done["evicted"]["files"], done["stayed"]["different"]) == (0, 1)
    assert site.store.objects["local_content/aa/1"] == body("local_content/aa/1")


def test_a_store_that_breaks_off_its_listing_costs_nothing(site):
    def broken(prefix):
        yield from list(MemoryStore.listing(site.store, prefix))[:3]
        raise StoreUnreachable("list the bucket", said="no answer", remedy="Wait.")

    site.store.listing = broken
    with pytest.raises(StoreUnreachable):
        site.run(max_age_s=0)
    assert len(site.files()) == 4


def test_a_bucket_that_has_nothing_in_common_is_refused(site):
    site.store.objects = {f"other/{key}": content for key, content in site.store.objects.items()}
    site.store.etags = {f"other/{key}": etag for key, etag in site.store.etags.items()}
    with pytest.raises(BadInput, match="wrong bucket, prefix or path"):
        site.run(max_age_s=0)
    assert (len(site.files()), site.store.puts) == (4, [])


def test_what_was_evicted_before_is_something_in_common(site):
    site.run(max_age_s=0)
    site.write("local_content/cc/4", 90)
    assert site.run(max_age_s=0)["uploaded"]["files"] == 1


@pytest.mark.parametrize("moment", ["proved", "looked at"])
def test_a_file_that_is_replaced_between_proof_and_removal_stays(site, monkeypatch, moment):
    path = site.root / "local_content/aa/1"
    new = b"!" * SIZE

    def replace():
        (site.root / "new").write_bytes(new)
        os.utime(site.root / "new", ns=(os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns))
        os.replace(site.root / "new", path)

    if moment == "proved":
        prove = evicting.Verifier.prove

        def slowly(self, row):
            finding = prove(self, row)
            if row.key == "local_content/aa/1":
                replace()
            return finding

        monkeypatch.setattr(evicting.Verifier, "prove", slowly)
    else:
        look = Evictor.evict

        def later(self, survey):
            replace()
            look(self, survey)

        monkeypatch.setattr(Evictor, "evict", later)
    done = site.run(max_age_s=0)
    assert (site.files(), path.read_bytes()) == (["local_content/aa/1"], new)
    assert (done["stayed"]["changed"], done["samples"]["changed"]) == (1, ["local_content/aa/1"])


def test_a_file_that_its_owner_removes_meanwhile_is_no_matter(site, monkeypatch):
    look = Evictor.evict

    def later(self, survey):
        (site.root / "local_content/aa/1").unlink()
        look(self, survey)

    monkeypatch.setattr(Evictor, "evict", later)
    done = site.run(max_age_s=0)
    assert (done["evicted"]["files"], done["local"]["files"], sum(done["stayed"].values())) == (3, 0, 0)


def test_an_open_file_can_still_be_read(site):
    with open(site.root / "local_content/aa/1", "rb") as reader:
        site.run(max_age_s=0)
        assert not (site.root / "local_content/aa/1").exists()
        assert reader.read() == body("local_content/aa/1")


def test_folders_go_with_their_last_file_but_never_the_roots(site):
    site.write("url_cache/2026-01-01/x", 1)
    (site.root / "local_content" / "dd").mkdir()
    site.run(max_age_s=0, exclude=["url_cache/"])
    folders = sorted(str(path.relative_to(site.root)) for path in site.root.rglob("*") if path.is_dir())
    assert folders == ["local_content", "local_content/dd", "local_thumbnails", "url_cache", "url_cache/2026-01-01"]


def test_prune_climbs_no_further_than_the_content_roots(tmp_path):
    deep = tmp_path / "root" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    prune(os.fsencode(tmp_path / "root"), os.fsencode(deep / "x"))
    assert (tmp_path / "root" / "a").is_dir() and not (tmp_path / "root" / "a" / "b").exists()
    prune(os.fsencode(tmp_path / "root"), os.fsencode(tmp_path / "root" / "a" / "x"))
    prune(os.fsencode(tmp_path / "root"), os.fsencode(tmp_path / "root" / "x"))
    assert (tmp_path / "root" / "a").is_dir()


def test_reading_leaves_no_trace_in_the_time_of_the_last_use(site):
    path = site.write("local_content/cc/4", 90)
    found = os.lstat(path)
    site.run(max_age_s=200 * DAY)
    assert site.store.puts == ["local_content/cc/4"]
    assert last_used_ns(os.lstat(path), True) == last_used_ns(found, True)


def test_a_drill_finds_what_is_lost_and_says_it_once(site):
    site.run(max_age_s=0)
    assert (site.run(max_age_s=0, drill=10)["drilled"], site.survey.stayed["lost"]) == (4, 0)
    del site.store.objects["local_content/aa/1"]
    site.store.objects["local_content/aa/2"] = b"?" * SIZE
    done = site.run(max_age_s=0, drill=10)
    assert (done["drilled"], site.survey.stayed["lost"]) == (4, 2)
    assert sorted(done["samples"]["lost"]) == [
        "local_content/aa/1 (it is not in the bucket any more)",
        "local_content/aa/2 (it has other content than what was evicted)",
    ]
    assert (site.run(max_age_s=0, drill=10)["drilled"], site.survey.stayed["lost"]) == (3, 1)


def test_what_is_on_the_disk_is_not_drilled(site):
    site.run(max_bytes=2 * SIZE)
    site.store.reads.clear()
    assert site.run(max_bytes=2 * SIZE, drill=10)["drilled"] == 2
    assert sorted(site.store.reads) == ["local_content/aa/1", "local_thumbnails/aa/1/96"]


def test_it_gives_up_when_nothing_can_be_removed(site, monkeypatch):
    for number in range(400):
        name = f"local_content/ee/{number:03}"
        site.write(name, 90)
        site.store.put(name, body(name), hashlib.md5(body(name)).digest(), 0)
    tried = []

    def refused(path, file):
        tried.append(path)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(evicting, "unlink_unchanged", refused)
    done = site.run(max_age_s=0)
    assert 25 <= len(tried) < 400
    assert done["stayed"]["failed"] == len(tried) and done["stayed"]["recent"] == 404 - len(tried)
    assert "cannot be removed: Operation not permitted" in done["samples"]["failed"][0]


def test_it_stops_when_nobody_waits_any_more(site):
    with pytest.raises(MediastoreError, match="whoever started this run is gone"):
        site.run(max_age_s=0, abandoned=lambda: True)
    assert len(site.files()) == 4


def test_unlink_unchanged_only_takes_the_very_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    (seen,) = Tree(str(tmp_path)).files(Problems("x"))
    raw = os.fsencode(path)
    assert not unlink_unchanged(raw, LocalFile(*seen[:4], seen.inode + 1)) and path.exists()
    assert not unlink_unchanged(raw, LocalFile(seen.key, 2, *seen[2:])) and path.exists()
    assert unlink_unchanged(raw, seen) and not path.exists()
    assert not unlink_unchanged(raw, seen)


def test_selection_makes_up_for_what_stays():
    candidates = Candidates()
    for used in (3, 1, 5, 2, 4):
        candidates.add(Candidate(used, f"k{used}", 10, 0, 0, 0, "e"))
    selection = Selection(iter(candidates), 25, 1)
    assert [candidate.used_ns for candidate in selection] == [1, 2, 3]
    selection.nbytes -= 10
    assert [candidate.used_ns for candidate in selection] == [4]
    assert list(selection) == []
    candidates.close()


def test_selection_takes_all_that_is_too_old():
    candidates = Candidates()
    for used in (3, 1, 2):
        candidates.add(Candidate(used, f"k{used}", 10, 0, 0, 0, "e"))
    assert [candidate.used_ns for candidate in Selection(iter(candidates), 0, 2)] == [1, 2]
    assert list(Selection(iter(candidates), 0, None)) == []
