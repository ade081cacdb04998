# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both engines against each store, over TLS: everything that can be asked for is stored, proved, and brought back."""

from __future__ import annotations

import base64
import os
import secrets

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MIB = 1024 * 1024
#: a file called ``a`` beside a folder called ``a`` is no trouble for a bucket, but for some of these stores
NAMES = [
    "plain.png",
    "a b",
    "a+b",
    "a%20b",
    "a&b=c?d#e",
    "ü/é",
    "🎉/x",
    "~",
    "'\"",
    "port:8448/x",
    "(x)*!",
    "e\u0301",
    "%",
    "{x}^`|<>[]",
]


@pytest.fixture(params=["boto3", "obstore"])
def engine(request):
    return request.param


@pytest.fixture
def bucket(store):
    """A bucket that no other test uses."""
    name = f"media-{secrets.token_hex(4)}"
    assert run_module("bucket", {**store.connection, "name": name})["changed"]
    yield name
    sure = {"name": name, "state": "absent", "force": True, "force_confirm": name}
    assert not run_module("bucket", {**store.connection, **sure}).get("failed")


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    for number, name in enumerate(NAMES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * number)
    (root / "large").write_bytes(os.urandom(11 * MIB))
    (root / "middling").write_bytes(os.urandom(3 * MIB))
    os.utime(root / "plain.png", ns=(1, 1_500_000_000_123_456_789))
    return root


def contents(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def there_and_back(store, bucket, source, tmp_path, engine, **options):
    common = {**store.connection, "bucket": bucket, "engine": engine, "prefix": "p/", **options.pop("both", {})}
    up = run_module("sync", {**common, "path": str(source), "part_size": "5M", **options})
    assert up.get("complete"), up.get("msg")
    assert (up["engine"], up["transferred"]["files"]) == (engine, len(contents(source)))
    for read_back in ("none", "all"):
        found = run_module("verify", {**common, "path": str(source), "read_back": read_back})
        assert found.get("verified"), found
    back = tmp_path / "back"
    back.mkdir()
    down = run_module("sync", {**common, "path": str(back), "direction": "download"})
    assert down.get("complete"), down
    assert (contents(back), down["engine"]) == (contents(source), engine)
    assert os.stat(back / "plain.png").st_mtime_ns == 1_500_000_000_123_456_789


def test_everything_that_can_be_asked_for_is_stored(store, bucket, source, tmp_path, engine):
    profile = store.profile
    asked = {
        "cache_control": "public, max-age=60",
        "content_disposition": 'inline; filename="a b"',
        "metadata": {"Origin": "x y"},
    }
    if "public-read" in profile.object_acls:
        asked["acl"] = "public-read"
    there_and_back(store, bucket, source, tmp_path, engine, **asked)
    client = make_client(Connection.from_params(store.connection), profile)
    for key in ("p/plain.png", "p/large"):
        head = client.head_object(Bucket=bucket, Key=key)
        assert head["ContentType"] == ("image/png" if key.endswith("png") else "application/octet-stream")
        assert {name.lower(): text for name, text in head["Metadata"].items()}["origin"] == "x y"
        if store.name != "rclone":  # it forgets the others
            assert head["CacheControl"] == "public, max-age=60"
            assert head["ContentDisposition"] == 'inline; filename="a b"'
        if "acl" in asked:
            grants = client.get_object_acl(Bucket=bucket, Key=key)["Grants"]
            assert any(grant["Permission"] == "READ" and "AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)


@where(lambda profile: "SSE-C" in profile.sse)
def test_with_the_customers_key(store, bucket, source, tmp_path, engine):
    key = base64.b64encode(os.urandom(32)).decode()
    there_and_back(store, bucket, source, tmp_path, engine, both={"sse_customer_key": key})


@where(lambda profile: "AES256" in profile.sse)
def test_with_keys_of_the_stores(store, bucket, source, tmp_path, engine):
    there_and_back(store, bucket, source, tmp_path, engine, both={"encryption": "AES256"})


@where(lambda name: name != "moto")  # it checks signatures only in a mode in which nothing can be public
def test_wrong_keys_are_one_clear_error(store, bucket, source, engine):
    wrong = {**store.connection, "secret_key": secrets.token_hex(20), "bucket": bucket, "path": str(source), "engine": engine}
    failed = run_module("sync", wrong)
    assert failed["failed"] and "secret_key" in failed["msg"]
