# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate says what was verified and nothing else, and is believed only while it is whole."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.certificate import Certificate, Certifier, Recheck
from ansible_collections.mediastore.s3.plugins.module_utils._core.digest import multipart_etag
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import LocalFile
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.verify import Verifier

from .memory import TIME_NS, MemoryStore

FILES = {"a": b"1", 'b/"c d"\n': b"22", "b/ä": b"333"}
ABOUT = {"bucket": "media", "prefix": "", "endpoint": "https://s3.example.org"}
THEN, LATER = "2026-11-26T12:00:00Z", "2027-11-26T12:00:00Z"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "out").mkdir()
    return str(tmp_path / "out" / "certificate.gz")


@pytest.fixture
def tree(tmp_path):
    for name, body in FILES.items():
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "in" / name).write_bytes(body)
    return Tree(str(tmp_path / "in"))


def write(path, files=None, verified=THEN, about=None, seal=True, etag=None):
    with Certifier(path) as certifier:
        for key, body in sorted((FILES if files is None else files).items()):
            md5 = hashlib.md5(body).hexdigest()
            certifier.add(LocalFile(key, len(body), TIME_NS, 7, 8), md5, md5 if etag is None else etag)
        return certifier.seal(about or ABOUT, verified) if seal else None


def recheck(path, store, etag_is_md5=True, tree=None, **may):
    certificate, options = Certificate(path), {"read_back": "none", "sample": 2, "workers": 3, "progress": Silent(), **may}
    checker = Recheck(certificate, tree or Tree("/no/such"), store, etag_is_md5=etag_is_md5, part_size=8 << 20, **options)
    return checker.run(store.listing(""), certificate.proofs(), 5)


def test_what_was_written_is_read(path):
    about, new = write(path)
    assert new
    certificate = Certificate(path)
    assert certificate.about == about == {**about, **ABOUT, "certificate": 1, "files": 3, "bytes": 6, "verified": THEN}
    proofs = list(certificate.proofs())
    assert {proof.key: (proof.size, proof.mtime_ns, proof.md5, proof.etag) for proof in proofs} == {
        key: (len(body), TIME_NS, hashlib.md5(body).hexdigest(), hashlib.md5(body).hexdigest()) for key, body in FILES.items()
    }


def test_its_digest_is_that_of_all_lines_but_the_last(path):
    about, _new = write(path)
    with gzip.open(path) as source:
        *lines, last = source.readlines()
    assert (len(lines), json.loads(last)) == (3, about)
    assert hashlib.sha256(b"".join(lines)).hexdigest() == about["sha256"]


def test_nothing_is_left_of_one_that_was_not_sealed(path, tmp_path):
    write(path, seal=False)
    with pytest.raises(ZeroDivisionError), Certifier(path):
        raise ZeroDivisionError()
    assert list((tmp_path / "out").iterdir()) == []
    write(path)
    before = (tmp_path / "out" / "certificate.gz").read_bytes()
    write(path, {"a": b"2"}, seal=False)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["certificate.gz"]
    assert (tmp_path / "out" / "certificate.gz").read_bytes() == before


def test_one_that_says_the_same_stays_and_another_takes_its_place(path):
    first, _new = write(path)
    assert write(path, verified=LATER) == (first, False)
    assert Certificate(path).about["verified"] == THEN
    for change in ({"files": {"a": b"1"}}, {"about": {**ABOUT, "bucket": "other"}}):
        changed, new = write(path, verified=LATER, **change)
        assert new and changed["verified"] == LATER
        assert Certificate(path).about == changed


def test_a_damaged_one_is_replaced(path):
    write(path)
    with open(path, "r+b") as out:
        out.truncate(40)
    assert write(path)[1]
    assert Certificate(path).about["files"] == 3


def test_a_folder_that_is_missing_is_made(tmp_path):
    path = str(tmp_path / "new" / "c.gz")
    write(path)
    assert Certificate(path).about["files"] == 3


@pytest.mark.parametrize("files", [FILES, {}])
def test_at_whatever_place_it_is_cut_it_is_refused(path, files):
    write(path, files)
    with open(path, "rb") as source:
        whole = source.read()
    for length in range(len(whole)):
        with open(path, "wb") as out:
            out.write(whole[:length])
        with pytest.raises(MediastoreError) as caught:
            Certificate(path)
        assert caught.value.code == "Damaged", length


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: [lines[0].replace(b'"a"', b'"A"'), *lines[1:]], "the SHA-256 of its lines is"),
        (lambda lines: lines[1:], "the SHA-256 of its lines is"),
        (lambda lines: lines[:-1], "its last line does not say what it is about"),
        (lambda lines: [*lines, lines[0]], "something follows its end"),
        (lambda lines: [*lines[:-1], b'{"certificate": 2, "sha256": ""}\n'], "its format is 2, known is 1"),
        (lambda lines: [*lines[:-1], b'{"sha256": "x"}\n'], "does not say what it is about"),
    ],
)
def test_one_that_was_changed_is_refused(path, change, words):
    write(path)
    with gzip.open(path) as source:
        lines = source.readlines()
    with gzip.open(path, "wb") as out:
        out.writelines(change(lines))
    with pytest.raises(MediastoreError, match=words):
        Certificate(path)


def test_a_line_that_says_nothing_of_a_file_is_an_error_and_no_crash(path):
    with Certifier(path) as certifier:
        line = b'["a",1]\n'
        certifier._out.write(line)
        certifier._sum.update(line)
        certifier.seal(ABOUT, THEN)
    with pytest.raises(MediastoreError, match="says nothing of a file"):
        list(Certificate(path).proofs())


def test_what_is_no_certificate_is_refused(path):
    with pytest.raises(BadInput) as caught:
        Certificate(path)
    assert caught.value.code == "ENOENT"
    with open(path, "w", encoding="utf-8") as out:
        out.write("hello")
    with pytest.raises(MediastoreError, match="no gzipped file"):
        Certificate(path)


def test_what_is_still_there_is_verified_without_the_files(path):
    write(path)
    store = MemoryStore({**FILES, "new": b"x"})
    findings = recheck(path, store)
    assert (findings.verified(False), findings.verified(True)) == (True, False)
    assert (findings.counts["matched"], findings.counts["extra"], findings.nbytes, store.reads) == (3, 1, 6, [])


def test_what_is_lost_damaged_or_cut_is_named(path):
    write(path)
    findings = recheck(path, MemoryStore({'b/"c d"\n': b"2?", "b/ä": b"33"}))
    assert findings.samples["missing"] == ["a"]
    assert [shown.partition(" (")[2] for shown in findings.samples["different"]] == [
        "same size, other content)",
        "2 bytes in the store, 3 here)",
    ]


def test_what_was_written_anew_is_told_from_damage(path):
    write(path)
    store = MemoryStore({**FILES, "a": b"2", "b/ä": b"444"})
    store.times = {"a": TIME_NS + 1}
    findings = recheck(path, store, may_be_rewritten=True)
    assert (findings.counts["rewritten"], findings.counts["different"], findings.counts["matched"]) == (1, 1, 1)
    assert findings.samples["rewritten"] == ["a"]


def test_what_was_cut_or_encrypted_anew_is_read(path):
    write(path, etag="0123456789abcdef0123456789abcdef-2")
    assert recheck(path, MemoryStore(FILES)).verified(True), "sent in one request meanwhile, the ETag is the MD5"
    store = MemoryStore(FILES)
    store.etags = {key: "fedcba9876543210fedcba9876543210-3" for key in FILES}
    assert recheck(path, store).verified(True)
    assert sorted(store.reads) == sorted(FILES)
    store.objects["a"] = b"2"
    assert recheck(path, store).samples["different"] == ["a (reading it back gave other content)"]
    store.objects["a"] = b"1"
    store.etags = dict.fromkeys(FILES, "opaque")
    assert recheck(path, store, etag_is_md5=False).verified(True)


@pytest.mark.parametrize(
    ("etag", "reads"),
    [
        pytest.param("8ae1d2ed37ab2ae4a1e0a2e0e3ea3d6d-2", True, id="cut in another way"),
        pytest.param(multipart_etag([hashlib.md5(b"the con").digest(), hashlib.md5(b"tent").digest()]), False, id="as it was"),
        pytest.param(hashlib.md5(b"the content").hexdigest(), True, id="copied in one request"),
        pytest.param("opaque", True, id="encrypted"),
    ],
)
def test_what_is_certified_by_parts_is_known_however_it_is_stored_now(path, etag, reads):
    by_parts = multipart_etag([hashlib.md5(b"the con").digest(), hashlib.md5(b"tent").digest()])
    with Certifier(path) as certifier:
        certifier.add(LocalFile("a", 11, TIME_NS, 7, 8), f"{by_parts}/7", "what it was")
        certifier.seal(ABOUT, THEN)
    store = MemoryStore({"a": b"the content"})
    store.etags["a"] = etag
    assert recheck(path, store).verified(True)
    assert store.reads == ["a"] * reads
    if reads:
        store.objects["a"] = b"the c0ntent"
        assert recheck(path, store).samples["different"] == ["a (reading it back gave other content)"]


def test_only_what_is_asked_for_is_compared(path):
    write(path)
    tree = Tree("/no/such", exclude=Exclude(["b/**"]))
    findings = recheck(path, MemoryStore({"a": b"1"}), tree=tree)
    assert findings.verified(True) and findings.files == 1


def verify(tree, store, certifier, proofs=(), etag_is_md5=True, **may):
    verifier = Verifier(tree, store, etag_is_md5, 8 << 20, "none", 2, 3, Silent(), **may)
    return verifier.run(store.listing(""), proofs, 5, certify=certifier.add)


def test_a_verification_certifies_what_both_sides_have(tree, path):
    with Certifier(path) as certifier:
        findings = verify(tree, MemoryStore({**FILES, "new": b"x"}), certifier)
        assert findings.verified(False) and not findings.surprised
        about, _new = certifier.seal(ABOUT, THEN)
    assert (about["files"], about["bytes"]) == (3, 6)
    assert [proof.key for proof in Certificate(path).proofs()] == sorted(FILES)


def test_what_is_not_there_or_another_is_not_certified(tree, path):
    with Certifier(path) as certifier:
        verify(tree, MemoryStore({"a": b"1", "b/ä": b"444"}), certifier, may_be_deleted=True)
        certifier.seal(ABOUT, THEN)
    assert [proof.key for proof in Certificate(path).proofs()] == ["a"]


def test_who_turns_out_to_be_gone_only_when_it_is_read_is_a_surprise(tree, path):
    store = MemoryStore(FILES)
    store.etags = dict.fromkeys(FILES, "opaque")
    listing = list(store.listing(""))
    del store.objects["a"]
    store.listing = lambda _prefix: iter(listing)
    with Certifier(path) as certifier:
        findings = verify(tree, store, certifier, etag_is_md5=False, may_be_deleted=True)
    assert findings.verified(True), "it may be deleted"
    assert findings.surprised
