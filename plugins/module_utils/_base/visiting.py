# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A visit to a sample of media: as a browser goes there, and with what the store says of them to whoever has a key."""

from __future__ import annotations

import os
import random
import re
import typing as t
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urljoin, urlsplit

from .._core import roam, visit
from .._core.access import Answer
from .._core.accesswords import OPENING
from .._core.errors import StoreRefused
from .._core.visit import Finding, Page, Summary, Visit
from .._store.faults import ClientError, explaining, status_of
from .._store.objects import guess_type
from .._store.stranger import Stranger, below, bucket_address, object_address
from .module import StoreModule

#: as many as browsers follow in practice
REDIRECTS = 5
BROWSER = {"Accept": "image/avif,image/webp,*/*;q=0.8"}
URL = re.compile(r"https?://[^\s\"'<>\\]+")
CODE = "NotVisible"


@dataclass(frozen=True)
class Round:
    """What is to be looked at."""

    bucket: str
    keys: tuple[str, ...] = ()
    sample: int = 20
    path: str = ""
    key_pattern: str = ""
    public_url: str = ""
    page_url: str = ""
    links_url: str = ""
    connect_to: t.Mapping[str, str] = field(default_factory=dict)


class Visitor:
    """Goes round once."""

    def __init__(self, module: StoreModule, what: Round) -> None:
        self._module, self._what = module, what
        # a browser always looks at the certificate
        self._stranger = Stranger(replace(module.connection, validate_certs=True), what.connect_to)
        self._is_key = re.compile(what.key_pattern).fullmatch if what.key_pattern else bool
        self.summary = Summary()
        self.visited, self.seen = 0, 0
        self.links: list[str] = []
        self.page: Page | None = None

    @property
    def address(self) -> str:
        """Where media are meant to be seen."""
        return (self._what.public_url or bucket_address(self._module.client, self._what.bucket)).rstrip("/")

    def go(self) -> None:
        """Look at the page, at what it names, and at each medium."""
        self.look_around()
        for key in self.chosen():
            for one in self.look_at(key):
                self._note(one)

    def look_around(self) -> None:
        """Look at the page, and at what it names."""
        if self._what.page_url:
            self.page = Page(*self._browse(self._what.page_url))
            self._note(visit.look_at_page(self.page))
        if self._what.links_url:
            self._look_at_links()

    def look_at(self, key: str) -> list[Finding]:
        """Everything that is wrong with one medium."""
        found = visit.look(self._visit(key), self.page, self._origin)
        self.visited += 1
        self.seen += all(one.harmless for one in found)
        return [self._at_another_root(key, one) for one in found]

    def look_with_key(self, key: str) -> list[Finding]:
        """The same for what nobody sees without a key: whether it is there, and what it is said to be."""
        with explaining(f"look at object {key} in bucket {self._what.bucket}", self._module.connection):
            try:
                head = self._module.client.head_object(Bucket=self._what.bucket, Key=key)
                answer, size = Answer(200, headers={"content-type": head.get("ContentType", "")}), int(head["ContentLength"])
            except ClientError as exc:
                if status_of(exc) != 404:
                    raise
                answer, size = Answer(404), -1
        url = object_address(self._module.client, self._what.bucket, key)
        seen = Visit(key, url, answer, guess_type(key), size >= 0, max(size, 0), None, self._on_disk(key))
        return [self._at_another_root(key, one) for one in visit.look(seen, None, "")]

    def chosen(self) -> t.Sequence[str]:
        """The media that were named, or a sample."""
        return self._what.keys or self._sample()

    @property
    def _origin(self) -> str:
        parts = urlsplit(self.page.url if self.page else self._what.page_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def _note(self, finding: Finding | None) -> None:
        if finding:
            self.summary.add(finding, self.opening() if finding.code == "denied" else "")

    def opening(self) -> str:
        """How the store lets everybody read."""
        profile = self._module.profile
        own = " An ACL public-read of each object does the same." if "public-read" in profile.object_acls else ""
        return OPENING.get(profile.public_read, profile.instead.get("public_read", visit.REMEDIES["denied"])) + own

    def _sample(self) -> list[str]:
        """Some of the media in the directory, or else in the bucket."""
        children = roam.in_directory(self._what.path) if self._what.path else self._in_bucket
        found = roam.roam(children, self._what.sample, random.Random(), self._is_key)
        if not found and not self._what.path:
            self._note(self._nothing_like_media())
        return found

    def _nothing_like_media(self) -> Finding | None:
        folders, files = self._in_bucket("")
        if not folders and not files:
            return None
        there = ", ".join([*folders, *files][: visit.SHOWN])
        return Finding(
            "wrong_root", f"nothing in bucket {self._what.bucket} is where the application looks for it; at its root is {there}"
        )

    def _at_another_root(self, key: str, finding: Finding) -> Finding:
        """A medium is not missing alone if the folder of all of them is."""
        folder, slash, _rest = key.partition("/")
        if finding.code not in ("missing", "not_copied") or not slash:
            return finding
        folders, _files = self._in_bucket("")
        if not folders or f"{folder}/" in folders:
            return finding
        there = ", ".join(folders[: visit.SHOWN])
        return Finding("wrong_root", f"{folder}/ is not at the root of bucket {self._what.bucket}, where there is {there}")

    def _in_bucket(self, folder: str) -> tuple[list[str], list[str]]:
        """Folders and objects, as far as one request shows them."""
        with explaining(f"list bucket {self._what.bucket}", self._module.connection):
            page = self._module.client.list_objects_v2(Bucket=self._what.bucket, Prefix=folder, Delimiter="/")
        folders = [one["Prefix"][len(folder) :] for one in page.get("CommonPrefixes", [])]
        files = [one["Key"][len(folder) :] for one in page.get("Contents", [])]
        return [one for one in folders if roam.is_media(one)], [one for one in files if one and roam.is_media(one)]

    def _visit(self, key: str) -> Visit:
        at_store = object_address(self._module.client, self._what.bucket, key)
        url, answer = self._browse(below(self._what.public_url, key) if self._what.public_url else at_store)
        size = self._size(key)
        elsewhere = None
        if not answer.allowed and size is not None and self._what.public_url:
            elsewhere = self._stranger.get(at_store)
        return Visit(key, url, answer, guess_type(key), size is not None, size or 0, elsewhere, self._on_disk(key))

    def _on_disk(self, key: str) -> bool | None:
        return os.path.isfile(os.path.join(self._what.path, key)) if self._what.path else None

    def _size(self, key: str) -> int | None:
        """The size of the object, nothing if there is none."""
        with explaining(f"look at object {key} in bucket {self._what.bucket}", self._module.connection):
            try:
                return int(self._module.client.head_object(Bucket=self._what.bucket, Key=key)["ContentLength"])
            except ClientError as exc:
                if status_of(exc) == 404:
                    return None
                raise

    def _browse(self, url: str) -> tuple[str, Answer]:
        """Where a browser ends that follows redirects, and what it gets there."""
        headers = {**BROWSER, **({"Origin": self._origin} if self._origin else {})}
        for _hop in range(REDIRECTS):
            answer = self._stranger.send("GET", url, headers)
            there = answer.headers.get("location")
            if not (300 <= answer.status < 400 and there):
                break
            url = urljoin(url, there)
        return url, answer

    def _look_at_links(self) -> None:
        url, answer = self._browse(self._what.links_url)
        if not answer.allowed:
            self._module.warn(f"Could not see which addresses the application gives out: {url} answers {answer.describe()}.")
            return
        named = {one.partition("?")[0] for one in URL.findall(answer.body.decode("utf-8", "replace"))}
        self.links = sorted(one for one in named if self._names_a_medium(one))
        bases = [self._what.public_url] if self._what.public_url else self._own_addresses()
        self._note(visit.look_at_links(self.links, bases))

    def _names_a_medium(self, url: str) -> bool:
        """Whether the end of an address is a key."""
        parts = unquote(urlsplit(url).path).split("/")
        return any(self._is_key("/".join(parts[start:])) for start in range(1, len(parts)))

    def _own_addresses(self) -> list[str]:
        """The store's own address in both styles, since the application chooses one by itself."""
        own = urlsplit(self._module.client.meta.endpoint_url)
        bucket = self._what.bucket
        return [self.address, f"{own.scheme}://{own.netloc}/{bucket}", f"{own.scheme}://{bucket}.{own.netloc}"]


def not_visible(visitor: Visitor) -> StoreRefused:
    """The one error for all that visitors cannot see."""
    harmful = visitor.summary.harmful
    return StoreRefused(
        f"see media at {visitor.address} as visitors do",
        said=f"of {visitor.visited} media {visitor.seen} can be seen; {visit.words(harmful)}",
        remedy=" ".join(str(entry["remedy"]) for entry in harmful),
        code=CODE,
    )
