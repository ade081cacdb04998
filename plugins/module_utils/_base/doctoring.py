# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The round of the doctor: the host, the way to the store, each bucket with its media, and the address that is broken."""

from __future__ import annotations

import ipaddress
import os
import typing as t
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from .._core import hostcheck, visit
from .._core.access import PRIVATE, PUBLIC_READ, Answer
from .._core.diagnosis import Finding, of_media, of_store
from .._core.errors import MediastoreError
from .._core.lifecycle import Rule
from .._core.migration import ASIDE
from .._store.examination import Examination
from .._store.faults import ClientError, status_of
from .._store.openness import Openness
from .._store.stranger import Stranger, below
from .module import StoreModule
from .visiting import Round, Visitor

#: it is not said who is meant to read a bucket
ANY = "any"


@dataclass(frozen=True)
class Ward:
    """One bucket as it is meant, and where its media are to be seen."""

    name: str
    expect: str = PRIVATE
    public_url: str = ""
    page_url: str = ""
    links_url: str = ""
    #: where the same files are or were on the disk
    path: str = ""
    key_pattern: str = ""
    lifecycle: list[Rule] = field(default_factory=list)


class Doctor:
    """Looks at everything that is named, and changes nothing."""

    def __init__(self, module: StoreModule, wards: t.Sequence[Ward]) -> None:
        self._module, self._params, self._wards = module, module.params, wards
        self._reached: set[str] = set()
        self.checked = 0

    def look(self) -> list[Finding]:
        """Everything that is wrong: what causes other things first."""
        found = self._host()
        # what is given besides a URL says where its object may be
        if self._wards or (self._module.connection.endpoint_url and not self._params["url"]):
            found += self._store()
        if self._params["url"]:
            self.checked += 1
            return [*found, *self._address(self._params["url"])]
        for ward in self._wards:
            if ward.name in self._reached:
                found += self._bucket(ward)
        return found

    # -- the host

    def _host(self) -> list[Finding]:
        said = self._params
        found = [hostcheck.mount(one["name"], one["path"], one["owner"], said["mount_timeout"]) for one in said["mounts"]]
        found += [finding for one in said["directories"] for finding in hostcheck.directory(one["path"], one["owner"])]
        found += [hostcheck.migration(one["name"], one["state_dir"]) for one in said["migrations"]]
        found += [hostcheck.resolver(server, host) for host in self._looked_up() for server in said["nameservers"]]
        self.checked += len(said["mounts"]) + len(said["directories"]) + len(said["migrations"]) + len(said["nameservers"])
        return [one for one in found if one]

    def _looked_up(self) -> list[str]:
        """The host of the store, if it has to be looked up."""
        host = urlsplit(self._module.connection.endpoint_url or "").hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return [host] if host else []
        return []

    # -- the store

    def _store(self) -> list[Finding]:
        """What keeps this host from the store; of the buckets those that are reached are noted."""
        module = self._module
        look = Examination(
            module.connection, lambda other: module.client if other == module.connection else module.client_of(other)
        )
        self.checked += 1
        endpoint = module.connection.endpoint_url or str(module.client.meta.endpoint_url)
        blocked = look.way(endpoint)
        if blocked:
            return [blocked]
        found = []
        for ward in self._wards:
            self.checked += 1
            problems = look.bucket(ward.name)
            found += problems
            # whoever was told another region gets there all the same
            if all(one.name == "region" for one in problems):
                self._reached.add(ward.name)
        named = [ward.name for ward in self._wards if ward.name in self._reached]
        if named and self._params["app_checksums"] == "when_supported":
            refused = look.checksums(named[0])
            found += [refused] if refused else []
        return found

    # -- a bucket and its media

    def _bucket(self, ward: Ward) -> list[Finding]:
        try:
            return self._media(ward, self._params["keys"])
        except MediastoreError as exc:
            return [of_store("refused", f"bucket {ward.name}", exc.said, remedy=exc.remedy)]

    def _media(self, ward: Ward, keys: t.Sequence[str]) -> list[Finding]:
        visitor = self._visitor(ward, keys)
        visitor.look_around()
        chosen = visitor.chosen()
        where = f"bucket {ward.name}"
        found = [
            of_media(entry["code"], where, said, entry["remedy"])
            for entry in visitor.summary.findings
            for said in entry["examples"]
        ]
        look = Openness(self._module.client, self._module.connection, self._module.profile, ward.name)
        seen = []
        for key in chosen:
            self.checked += 1
            seen += [(key, one) for one in (visitor.look_at(key) if ward.expect == PUBLIC_READ else visitor.look_with_key(key))]
            found += self._cut_off(ward, key)
        for key, one in seen:
            found.append(self._told_apart(ward, key, one, look, visitor))
        there = [key for key in chosen if key not in {key for key, one in seen if one.code in ("missing", "not_copied")}]
        if ward.expect != ANY:
            found += look.too_open(ward.expect, there, ward.public_url)
        return [*found, *look.expiring(ward.lifecycle, there)]

    def _folders(self, ward: Ward) -> list[str]:
        """The directories that may have a file which the bucket lacks."""
        named = [ward.path, ward.path + ASIDE] if ward.path else []
        for one in self._params["migrations"]:
            state = hostcheck.state_of(one["name"], one["state_dir"])
            if state.store.get("bucket") == ward.name and not state.store.get("prefix"):
                named += [state.path, state.backup]
        return [one for one in dict.fromkeys(named) if one and os.path.isdir(one)]

    def _visitor(self, ward: Ward, keys: t.Sequence[str] = ()) -> Visitor:
        path = ward.path if os.path.isdir(ward.path) else ""
        what = Round(
            ward.name,
            tuple(keys),
            self._params["sample"],
            path,
            ward.key_pattern,
            ward.public_url,
            ward.page_url,
            ward.links_url,
            self._params["connect_to"],
        )
        return Visitor(self._module, what)

    def _told_apart(self, ward: Ward, key: str, one: visit.Finding, look: Openness, visitor: Visitor) -> Finding:
        """The class more exactly than a visitor can tell it."""
        where, name, fix = f"bucket {ward.name}", one.code, ""
        words: dict[str, str] = {}
        if name == "denied":
            name, words = look.why_denied(key, visitor.seen > 0, visitor.opening())
            fix = visitor.opening() if name == "denied" else ""
        if name == "missing":
            name, words = self._elsewhere(ward, key)
        if name == "certificate_name" and "." in ward.name and f"//{ward.name}." in visitor.address:
            return of_store("bucket_dot", where, one.said)
        return of_media(name, where, f"{key}: {one.said}", fix, **words)

    def _elsewhere(self, ward: Ward, key: str) -> tuple[str, dict[str, str]]:
        """Where an object is that is not in its bucket."""
        for folder in self._folders(ward):
            if os.path.isfile(os.path.join(folder, key)):
                return ("in_backup", {"path": folder}) if folder.endswith(ASIDE) else ("not_copied", {})
        for other in self._reached - {ward.name}:
            if self._size(other, key) is not None:
                return "in_other_bucket", {"bucket": other}
        return "missing", {}

    def _cut_off(self, ward: Ward, key: str) -> list[Finding]:
        """That an object is smaller than its file."""
        for folder in self._folders(ward):
            path = os.path.join(folder, key)
            if os.path.isfile(path):
                size, whole = self._size(ward.name, key), os.path.getsize(path)
                if size is None or size >= whole:
                    return []
                seen = f"{key} has {size} bytes in the bucket, and {whole} in {folder}"
                return [of_media("truncated", f"bucket {ward.name}", seen, path=folder)]
        return []

    def _size(self, bucket: str, key: str) -> int | None:
        try:
            return int(self._module.client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except ClientError as exc:
            if status_of(exc) in (403, 404):
                return None
            raise

    # -- the address that is broken

    def _address(self, url: str) -> list[Finding]:
        """Why one address shows nothing."""
        meant, key, base = self._meant(url)
        stored, signed = meant and self._size(meant.name, key) is not None, urlsplit(url).query
        # at first as a browser goes there: a cache may keep for others what it is asked here
        if meant and stored and not signed:
            return self._visited(meant, key, base)
        answer = self._stranger().get(url)
        # an address of which nothing is known may be a cache's that signs
        if answer.allowed and (not meant or signed):
            return []
        if meant and stored:
            return self._visited(meant, key, base)
        for ward, other in self._below(url):
            # the same key in another bucket is no matter of the address alone
            if ward.expect == PUBLIC_READ and other != key and self._size(ward.name, other) is not None:
                right = below(ward.public_url or self._bases(ward)[0], other)
                seen = f"{url} answers {answer.describe()}; the object is in bucket {ward.name}, and its address is {right}"
                return [of_media("wrong_address", "the address", seen)]
        return self._visited(meant, key, base) if meant else self._by_itself(url, answer)

    def _meant(self, url: str) -> tuple[Ward | None, str, str]:
        """The bucket and the key that an address means, and below which address that is."""
        for ward in self._wards:
            for base in self._bases(ward):
                if url.startswith(f"{base}/") and ward.name in self._reached:
                    return ward, unquote(urlsplit(url[len(base) + 1 :]).path), base
        return None, "", ""

    def _below(self, url: str) -> t.Iterator[tuple[Ward, str]]:
        """Every key with which an address ends, in every bucket."""
        parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
        for ward in self._wards:
            if ward.name in self._reached:
                yield from ((ward, "/".join(parts[start:])) for start in range(len(parts)))

    def _visited(self, ward: Ward, key: str, base: str) -> list[Finding]:
        return self._media(replace(ward, expect=PUBLIC_READ, public_url=base), [key])

    def _by_itself(self, url: str, answer: Answer) -> list[Finding]:
        """What an answer says where nothing is known of the object."""
        host = urlsplit(url).hostname or ""
        if answer.status == 404 and answer.code == "NoSuchBucket":
            return [of_store("no_bucket", "the address", f"{url} answers {answer.describe()}", instead=" in the address")]
        found = visit.look(visit.Visit(url, url, answer, "", answer.denied, 0), None, "")
        if found and found[0].code == "certificate_name" and host.count(".") > 2 and ".s3" in host:
            return [of_store("bucket_dot", "the address", found[0].said)]
        return [] if answer.allowed else [of_media(one.code, "the address", one.said) for one in found]

    def _bases(self, ward: Ward) -> list[str]:
        """Below which addresses the objects of a bucket may be."""
        own = urlsplit(self._module.connection.endpoint_url or "")
        styles = [f"{own.scheme}://{own.netloc}/{ward.name}", f"{own.scheme}://{ward.name}.{own.netloc}"] if own.netloc else []
        return [one.rstrip("/") for one in [ward.public_url, *styles] if one]

    def _stranger(self) -> Stranger:
        return Stranger(self._module.connection, self._params["connect_to"])
