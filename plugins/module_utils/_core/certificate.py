# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a verification found to be the same on both sides, in one file that can be kept and held against the bucket later.

Gzipped lines of JSON: one for each file, in the order of the keys, and a last one that says what it is about::

    ["KEY",SIZE,"MD5",MTIME_NS,"ETAG"]
    {"certificate": 1, ..., "files": 1, "bytes": SIZE, "sha256": "..."}

The MD5 of a file that was sent in parts is that of the MD5s of its parts; digest.py says how it is noted. The SHA-256 is that of
all lines but the last, so ``gzip -dc certificate.gz | sed '$d' | sha256sum`` tells it as well.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from types import TracebackType
from typing import Any, Iterator

from .compare import tells_content
from .digest import md5_of, part_size_in
from .errors import BadInput, MediastoreError
from .files import explaining_os, fsync_directory
from .model import LocalFile, Proof, RemoteObject
from .ports import ObjectStore
from .problems import Problems
from .scan import Tree
from .verify import DIFFERENT, MATCHED, Finding, Verifier

FORMAT = 1
#: digests do not shrink, whatever the effort
LEVEL = 1


class Certifier:
    """Writes a certificate as the verification goes along; it takes its place only when ``seal`` is called."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.files = self.nbytes = 0
        self._sum = hashlib.sha256()
        folder = os.path.dirname(path)
        with explaining_os(f"write {path}"):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            fd, self._temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=folder)
            self._raw = os.fdopen(fd, "wb")
            # No time and no name in it: the same content gives the same bytes.
            self._out = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", compresslevel=LEVEL, mtime=0)

    def __enter__(self) -> Certifier:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._out.close()
            self._raw.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary)

    def add(self, file: LocalFile, md5: str, etag: str) -> None:
        """One file whose bytes are in the bucket."""
        line = json.dumps([file.key, file.size, md5, file.mtime_ns, etag], separators=(",", ":")).encode("ascii") + b"\n"
        self._sum.update(line)
        with explaining_os(f"write {self.path}"):
            self._out.write(line)
        self.files += 1
        self.nbytes += file.size

    def seal(self, about: dict[str, Any], verified: str) -> tuple[dict[str, Any], bool]:
        """Say what it is about and since when, and put it in its place for good. One that says the same but the time stays.

        Returns what the one in place says, and whether it is a new one.
        """
        about = {"certificate": FORMAT, **about, "files": self.files, "bytes": self.nbytes, "sha256": self._sum.hexdigest()}
        with contextlib.suppress(MediastoreError):
            there = Certificate(self.path).about
            if {**there, "verified": ""} == {**about, "verified": ""}:
                return there, False
        about["verified"] = verified
        with explaining_os(f"write {self.path}"):
            self._out.write(json.dumps(about).encode("ascii") + b"\n")
            self._out.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            os.replace(self._temporary, self.path)
            fsync_directory(os.path.dirname(self.path))
        return about, True


class Certificate:
    """One that was written before, read as a stream."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.about = self._checked()

    def proofs(self) -> Iterator[Proof]:
        """What it says of each file, as the journal would say it of one whose times are long past."""
        for line in self._lines():
            if line.startswith(b"{"):
                return
            try:
                key, size, md5, mtime_ns, etag = json.loads(line)
                proof = Proof(str(key), int(size), int(mtime_ns), 0, 0, str(md5), str(etag), 0)
            except (ValueError, TypeError) as exc:
                raise self._damaged("it has a line that says nothing of a file") from exc
            yield proof

    def _lines(self) -> Iterator[bytes]:
        try:
            with explaining_os(f"read the certificate {self.path}"), gzip.open(self.path) as source:
                yield from source
        except (EOFError, zlib.error) as exc:
            raise self._damaged("it breaks off, or is no gzipped file") from exc
        except BadInput as exc:
            # gzip's own complaint about what it is given is an OSError without a number
            if exc.code == "OSError":
                raise self._damaged("it is no gzipped file, or is damaged") from exc
            raise

    def _checked(self) -> dict[str, Any]:
        """What it is about, after all of it has been read once."""
        digest, last = hashlib.sha256(), b""
        for line in self._lines():
            if last:
                raise self._damaged("something follows its end")
            if line.startswith(b"{"):
                last = line
            else:
                digest.update(line)
        try:
            about = dict(json.loads(last))
            known, said = about["certificate"], about["sha256"]
        except (ValueError, KeyError, TypeError) as exc:
            raise self._damaged("its last line does not say what it is about") from exc
        if known != FORMAT:
            remedy = "Use the version of this collection that wrote it, or a newer one."
            raise BadInput(f"read the certificate {self.path}", said=f"its format is {known}, known is {FORMAT}", remedy=remedy)
        if said != digest.hexdigest():
            raise self._damaged(f"the SHA-256 of its lines is {digest.hexdigest()}, and it says {said}")
        return about

    def _damaged(self, said: str) -> MediastoreError:
        remedy = "Take a copy that is whole. It says nothing about the bucket as it is."
        return MediastoreError(f"read the certificate {self.path}", said=said, remedy=remedy, code="Damaged")


class Recheck(Verifier):
    """A verification of the bucket against a certificate; the files may be long gone."""

    def __init__(self, certificate: Certificate, tree: Tree, store: ObjectStore, **rules: Any) -> None:
        super().__init__(tree, store, **rules)
        self._certificate = certificate

    def _files(self, problems: Problems) -> Iterator[LocalFile]:
        for proof in self._certificate.proofs():
            if self._tree.concerns(proof.key):
                yield LocalFile(*proof[:5])

    def _gone(self, key: str) -> bool:
        return False

    def _by_digest(self, file: LocalFile, thing: RemoteObject, proof: Proof | None) -> Finding | None:
        md5 = proof.md5 if proof else ""
        if md5_of(thing.etag, part_size_in(md5)) == md5 and self._etag_is_md5:
            return Finding(file.key, MATCHED, size=file.size, md5=md5)
        uploaded_ns = self._uploaded_ns(file, thing, proof)
        if tells_content(thing.etag, self._etag_is_md5) and not part_size_in(md5):
            return Finding(file.key, DIFFERENT, "same size, other content", file.size, uploaded_ns=uploaded_ns)
        # Sent in parts, copied or encrypted anew: only the bytes can tell.
        return Finding(file.key, "", size=file.size, md5=md5, uploaded_ns=uploaded_ns)
