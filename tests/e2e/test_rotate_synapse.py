# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse gets a key that may only do what it needs, and another one while it serves; its media stay where they are."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.interop.keyholder import KeyHolder
from ansible_collections.mediastore.s3.tests.interop.keysite import KeySite
from ansible_collections.mediastore.s3.tests.interop.stores import Store
from ansible_collections.mediastore.s3.tests.servers.moto_auth import MotoAuthS3
from ansible_collections.mediastore.s3.tests.servers.synapse import Synapse

ROOT = Path(__file__).parents[2]
ROLE = [{"hosts": "chat", "gather_facts": False, "roles": ["mediastore.s3.synapse"]}]


@pytest.fixture(scope="module")
def python():
    """A Python with Synapse and its storage provider: the one that the demo uses."""
    made = [str(ROOT / "tests" / "utils" / "venv.sh"), str(ROOT / "demo" / "requirements-synapse.txt")]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return f"{done.stdout.strip()}/bin/python"


@pytest.fixture
def site(tmp_path, python):
    with MotoAuthS3(tmp_path / "store") as store:
        made = KeySite(tmp_path, Store("moto", store.connection, store))
        place = {name: value for name, value in made.admin.items() if name not in ("access_key", "secret_key")}
        secret = {
            name: f"{{{{ mediastore_secrets['{made.name}'].{name} | default('') }}}}" for name in ("access_key", "secret_key")
        }
        server = Synapse.create(tmp_path / "synapse", python, {"AWS_CA_BUNDLE": store.ca_path})
        made.variables |= {
            "mediastore_prove_access": False,
            "mediastore_store": {**place, **secret},
            "mediastore_keys": [made.key("synapse", place="vault")],
            "synapse_media_bucket": made.bucket,
            "synapse_media_path": str(server.media_store),
            "synapse_media_homeserver_config": str(server.directory / "homeserver.yaml"),
            "synapse_media_config_file": str(server.conf_d / "s3.yaml"),
            "synapse_media_python": python,
            "synapse_media_user": server.directory.owner(),
            "synapse_media_provider_install": False,
            **{f"synapse_media_{verb}_command": server.command(verb) for verb in ("start", "stop", "status")},
            "synapse_media_health_url": f"{server.url}/health",
            "rotate_key_name": made.name,
            "rotate_key_app": "synapse",
            "rotate_key_drain": 1,
            "rotate_key_grace": 1,
        }
        try:
            yield made, server
        finally:
            server.stop()


class Client:
    """Somebody who chats."""

    def __init__(self, server: Synapse) -> None:
        self._server = server
        self._token = server.register("anna")

    def upload(self, content: bytes) -> str:
        return str(json.loads(self._call("/_matrix/media/v3/upload", content))["content_uri"])

    def download(self, uri: str) -> bytes:
        return self._call(f"/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}")

    def _call(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "image/png"}
        with urllib.request.urlopen(urllib.request.Request(self._server.url + path, body, headers), timeout=30) as answer:
            return bytes(answer.read())


def forget_local_copies(server: Synapse) -> int:
    """As the evictor does one day: from now on the bucket has the only copy."""
    files = [path for path in (server.media_store / "local_content").rglob("*") if path.is_file()]
    for path in files:
        path.unlink()
    return len(files)


def key_in(path: Path) -> str:
    return re.search(r"access_key_id: (\S+)", path.read_text()).group(1)


def test_synapse_gets_its_own_key_and_then_another(site):
    made, server = site
    assert made.run("mediastore.s3.provision").status == 0
    old = made.kept("vault")
    (made.directory / "synapse.yml").write_text(yaml.safe_dump(ROLE))
    server.start()
    done = made.run(str(made.directory / "synapse.yml"))
    assert done.status == 0, done.output
    assert key_in(server.conf_d / "s3.yaml") == old["access_key"]
    client = Client(server)
    before = {client.upload(content): content for content in (b"one" * 500, b"two" * 500)}
    rotated = made.run("mediastore.s3.rotate_key")
    assert rotated.status == 0, rotated.output
    new = made.kept("vault")
    assert key_in(server.conf_d / "s3.yaml") == new["access_key"] != old["access_key"]
    after = {client.upload(b"three" * 500): b"three" * 500}
    assert forget_local_copies(server) == 3
    assert {uri: client.download(uri) for uri in (before | after)} == before | after
    holder = KeyHolder(made.owner, made.client(new), made.bucket)
    assert holder.may("read") and not holder.may("delete")
    assert not KeyHolder(made.owner, made.client(old), made.bucket).known()
    assert made.leaks() == []
