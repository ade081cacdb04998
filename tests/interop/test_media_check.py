# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that keeps a visitor from seeing a medium is planted for real, and is called by its name."""

from __future__ import annotations

import contextlib
import secrets
import socket
from pathlib import Path

import pytest
from cryptography import x509

from ansible_collections.mediastore.s3.plugins.filter.public_read_policy import public_read_policy
from ansible_collections.mediastore.s3.tests.interop.applies import only
from ansible_collections.mediastore.s3.tests.servers.front import Front, Said
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

KEYS = [
    "accounts/avatars/109/302/001/original/0a1b.png",
    "media_attachments/files/109/302/002/original/0a1b.mp4",
    "media_attachments/files/109/302/002/small/0a1b.png",
    "cache/preview_cards/images/000/001/004/original/0a1b.webp",
]
PATTERN = r"(cache/)?[a-z_]+/[a-z_]+/(\d{3}/)+[^/]+/[^/]+"
TYPES = {"png": "image/png", "mp4": "video/mp4", "webp": "image/webp"}
EVERYBODY = [{"allowed_origins": ["*"], "allowed_methods": ["GET", "HEAD"]}]
HERE = "Content-Security-Policy"


class Scene:
    """A bucket that everybody may read, the server in front of it, and the same files on a disk."""

    def __init__(self, store, directory: Path) -> None:
        self.store, self.directory = store, directory
        self.bucket = f"seen-{secrets.token_hex(4)}"
        self.connection = {**store.connection, "max_attempts": 1, "connect_timeout": 5}
        self.client = store.server.client()
        self._made("bucket", **store.administration)
        self.open(True)
        self._made("cors", rules=EVERYBODY)
        self.media = directory / "system"
        for number, key in enumerate(KEYS):
            body = secrets.token_bytes(1000 + number)
            (self.media / key).parent.mkdir(parents=True, exist_ok=True)
            (self.media / key).write_bytes(body)
            self.put(key, body)
        # links and what is being written are no media
        (self.media / "cache" / "link.png").symlink_to("/etc/hostname")
        (self.media / "cache" / "half.mediastore-partial").write_bytes(b"half")
        self.front = self.in_front()

    def _made(self, module: str, **options) -> None:
        assert not run_module(module, {**self.store.connection, "name": self.bucket, **options}).get("failed")

    def open(self, public: bool) -> None:
        """Let everybody read, or nobody."""
        if self.store.name == "garage":
            self._made("bucket", website={"enabled": public, "index_document": "index.html"}, **self.store.administration)
        elif public:
            self._made("bucket_policy", policy=public_read_policy(self.bucket))
        else:
            self._made("bucket_policy", state="absent")

    def put(self, key: str, body: bytes, content_type: str = "") -> None:
        kind = content_type or TYPES[key.rpartition(".")[2]]
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=kind)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    @property
    def own(self) -> str:
        """Where the store itself lets visitors read."""
        server = self.store.server
        return server.web_endpoint if self.store.name == "garage" else f"{server.endpoint_url}/{self.bucket}"

    def in_front(self, **options) -> Front:
        """One more server in front."""
        host = self.store.server.web_host(self.bucket) if self.store.name == "garage" else ""
        return Front(self.own, self.store.server.ca_path, host, **options)

    def check(self, **options):
        asked = {"public_url": self.front.url, "page_url": f"{self.front.url}/page", "key_pattern": PATTERN, **options}
        return run_module("media_check", {**self.connection, "bucket": self.bucket, **asked})

    def fails(self, code: str, words: str = "", **options):
        """The one class of failures that is found, of which visitors must be told."""
        failed = self.check(**options)
        assert failed.get("failed"), failed
        (finding, *others) = [one for one in failed["findings"] if not one["harmless"]]
        assert (finding["code"], others) == (code, []), failed
        assert failed["error"]["code"] == "NotVisible" and finding["remedy"] in failed["msg"] and words in failed["msg"]
        assert finding["count"] >= 1 and 1 <= len(finding["examples"]) <= 3
        return failed

    def is_fine(self, **options):
        done = self.check(**options)
        assert not done.get("failed") and done["findings"] == [], done
        assert (done["visited"], done["seen"]) == (4, 4) and not done.get("warnings")
        return done

    def close(self) -> None:
        sure = {"state": "absent", "force": True, "force_confirm": self.bucket}
        self._made("bucket", **sure, **self.store.administration)


def warned(result) -> str:
    """Its one warning, in whatever shape this version of Ansible has it."""
    (warning,) = result["warnings"]
    return str(warning)


@pytest.fixture
def scene(store, tmp_path):
    scene = Scene(store, tmp_path)
    with scene.front:
        scene.front.answers["/page"] = Said(200, [(HERE, f"default-src 'none'; img-src 'self'; media-src {scene.front.url}")])
        yield scene
    scene.close()


@only("ceph", "garage")
def test_what_a_visitor_sees_is_fine(store, scene):
    assert scene.is_fine()["address"] == scene.front.url
    scene.is_fine(path=str(scene.media))
    scene.is_fine(keys=KEYS)
    assert scene.check(sample=2)["visited"] == 2
    if store.name == "ceph":
        scene.is_fine(public_url="", page_url="")
    scene.front.answers[f"/{KEYS[0]}"] = Said(302, [("Location", f"/there/{KEYS[0]}")])
    scene.front.answers[f"/there/{KEYS[0]}"] = Said(
        200, [("Content-Type", "image/png"), ("Access-Control-Allow-Origin", "*")], (scene.media / KEYS[0]).read_bytes()
    )
    scene.is_fine()


@only("ceph", "garage")
def test_a_bucket_that_is_closed(store, scene):
    scene.open(False)
    failed = scene.fails("denied", "the object is in the bucket")
    assert failed["seen"] == 0 and ("public_read_policy" if store.name == "ceph" else "website") in failed["msg"]


@only("ceph")
def test_one_object_that_is_closed_by_its_acl(store, scene):
    scene.open(False)
    for key in KEYS[1:]:
        scene.client.put_object_acl(Bucket=scene.bucket, Key=key, ACL="public-read")
    failed = scene.fails("denied", "An ACL public-read of each object does the same")
    assert (failed["seen"], failed["findings"][0]["count"]) == (3, 1)


@only("ceph")
def test_a_host_that_leads_elsewhere(store, scene):
    scene.front.behind = f"{store.server.endpoint_url}/{scene.bucket}/system"
    assert scene.fails("wrong_place", "where visitors get 200")["seen"] == 0


@only("ceph", "garage")
def test_what_was_missed_by_the_copy_is_not_what_is_lost(store, scene):
    scene.delete(KEYS[2])
    failed = scene.fails("not_copied", "the file is on the disk", path=str(scene.media))
    assert failed["seen"] == 3 and KEYS[2] in failed["msg"]
    (scene.media / KEYS[2]).unlink()
    scene.fails("missing", "nor on the disk", path=str(scene.media), keys=KEYS)
    scene.fails("missing", "the object is not in the bucket", keys=[KEYS[2]])


@only("ceph", "garage")
def test_media_below_another_folder(store, scene):
    for key in KEYS:
        scene.delete(key)
        scene.put(f"public/system/{key}", b"x")
    scene.fails("wrong_root", "accounts/ is not at the root of bucket", path=str(scene.media), keys=KEYS[:1])
    scene.fails("wrong_root", "at its root is public/", key_pattern=rf"(?!public/){PATTERN}")


@only("ceph", "garage")
def test_what_the_answer_says_of_itself(store, scene):
    scene.put(KEYS[0], (scene.media / KEYS[0]).read_bytes(), "application/octet-stream")
    failed = scene.fails("content_type", "is said to be application/octet-stream, and its name says image/png")
    assert failed["seen"] == 3
    scene.front.answers[f"/{KEYS[0]}"] = Said(200, [("Content-Type", "text/html")], b"<html>an application</html>")
    scene.fails("other_content", "has 27 bytes (text/html), and the object has 1000")


@only("ceph", "garage")
def test_what_scripts_may_not_read_is_seen_all_the_same(store, scene):
    for said, words in (("", "no Access-Control-Allow-Origin"), ("*, *", "Access-Control-Allow-Origin: *, *")):
        scene.front.sets["Access-Control-Allow-Origin"] = said
        done = scene.check()
        assert not done.get("failed") and done["seen"] == 4
        (finding,) = done["findings"]
        assert (finding["code"], finding["count"]) == ("cors", 4) and words in warned(done)
    scene.front.sets["Access-Control-Allow-Origin"] = scene.front.url
    scene.is_fine()


@only("ceph", "garage")
def test_a_page_that_does_not_let_media_be_shown(store, scene):
    allows = (HERE, f"img-src {scene.front.url}; media-src *")
    scene.front.answers["/page"] = Said(200, [allows])
    scene.is_fine()
    # a web server that adds one of its own: both hold
    scene.front.answers["/page"] = Said(
        200, [allows, (HERE, "default-src 'self' https://elsewhere.example.org; media-src 'none'")]
    )
    failed = scene.fails("csp", "media-src 'none'")
    assert failed["seen"] == 3
    scene.front.answers["/page"] = Said(200, [])
    scene.is_fine()
    scene.front.answers["/page"] = Said(500, [])
    done = scene.check()
    assert not done.get("failed") and [one["code"] for one in done["findings"]] == ["page"]


@only("ceph", "garage")
def test_an_application_that_names_another_host(store, scene):
    links = f"{scene.front.url}/links"
    said = '{{"avatar": "{url}/{key}", "home": "{url}/about", "static": "{url}/{key}?static"}}'
    scene.front.answers["/links"] = Said(200, [], said.format(url=scene.front.url, key=KEYS[0]).encode())
    assert scene.is_fine(links_url=links)["links"] == 1
    scene.front.answers["/links"] = Said(200, [], said.format(url="https://old.example.org/system", key=KEYS[0]).encode())
    scene.fails("wrong_address", f"gives out https://old.example.org/system/{KEYS[0]}", links_url=links)
    scene.front.answers["/links"] = Said(401, [])
    assert "Could not see which addresses" in warned(scene.check(links_url=links))


@only("ceph", "garage")
def test_servers_in_front_that_fail(store, scene, tmp_path):
    def answers(status, *headers, body=b""):
        scene.front.answers[None] = Said(status, list(headers), body)

    answers(301, ("Location", "/round"))
    scene.fails("redirect", "301")
    answers(503, body=b"<Error><Code>SlowDown</Code></Error>")
    scene.fails("busy", "503 SlowDown")
    answers(418)
    scene.fails("unexpected", "418")
    scene.front.answers.pop(None)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        scene.front.behind = f"http://127.0.0.1:{closed.getsockname()[1]}"
        scene.fails("unavailable", "502")
        scene.fails("no_answer", "Connection refused", public_url=scene.front.behind)
    scene.fails("tls", "SSL", public_url=scene.front.url.replace("http:", "https:"))
    scene.fails("name", "media.example.invalid", public_url="https://media.example.invalid")


@only("ceph", "garage")
def test_certificates_that_a_browser_refuses(store, scene, tmp_path):
    with contextlib.ExitStack() as running:

        def served_with(name, **options):
            front = scene.in_front(tls=make_certificates(tmp_path / name, **options))
            return running.enter_context(front)

        trusting = {"ca_path": str(tmp_path / "all.pem")}
        fronts = {
            "certificate_name": served_with("other", names=(x509.DNSName("media.example.org"),)),
            "certificate_expired": served_with("old", expired=True),
            "certificate_unknown": served_with("unknown"),
        }
        good = served_with("good")
        known = [str(tmp_path / name / "ca.pem") for name in ("other", "old", "good")] + [store.server.ca_path]
        Path(trusting["ca_path"]).write_text("".join(Path(one).read_text() for one in known))
        for code, front in fronts.items():
            scene.fails(code, public_url=front.url, validate_certs=False, **trusting)
        good.answers["/page"] = Said(200, [])
        secure = {"page_url": f"{good.url}/page", **trusting}
        scene.is_fine(public_url=good.url, **secure)
        scene.fails("insecure", "on the page", **secure)
        # who does not reach the public address looks at the certificate for its name all the same
        place = fronts["certificate_name"].url.rpartition("/")[2]
        hosts = {"page_url": "", "connect_to": {"media.example.org": place, "other.example.org": place}, **trusting}
        scene.is_fine(public_url="https://media.example.org", **hosts)
        scene.fails("certificate_name", public_url="https://other.example.org", **hosts)


@only("ceph")
def test_an_empty_bucket_proves_nothing_and_says_so(store, scene):
    for key in KEYS:
        scene.delete(key)
    done = scene.check()
    assert not done.get("failed") and done["visited"] == 0
    assert "There are no media to look at, so nothing is proved." in warned(done)


@only("ceph")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"public_url": "media.example.org"}, "public_url is no address"),
        ({"page_url": "ftp://media.example.org"}, "page_url is no address"),
        ({"sample": 0}, "sample is 0"),
        ({"connect_to": {"media.example.org": "https://127.0.0.1"}}, "connect_to leads media.example.org to https://127.0.0.1"),
        ({"path": "/does/not/exist"}, "path /does/not/exist is no directory"),
        ({"links_url": "https://media.example.org", "key_pattern": ""}, "links_url is given without key_pattern"),
        ({"key_pattern": "("}, "key_pattern is no regular expression"),
        ({"bucket": "Not A Bucket"}, "Not A Bucket"),
    ],
)
def test_what_cannot_be_meant(store, scene, options, words):
    failed = scene.check(**options)
    assert failed["failed"] and words in failed["msg"] and "findings" not in failed
