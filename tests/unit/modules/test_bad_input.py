# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to every module that talks to a store: one clear error each, before anything is changed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import ansible
import pytest

from ansible_collections.mediastore.s3.tests.servers.naive import NaiveS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}],
}
MODULES = [
    ("bucket", {}),
    ("bucket_info", {"gather": ["policy"]}),
    ("bucket_policy", {"policy": POLICY}),
    ("cors", {"rules": [{"allowed_origins": ["*"], "allowed_methods": ["GET"]}]}),
    ("lifecycle", {"rules": [{"expiration_days": 7}]}),
]
COLLECTION = Path(__file__).resolve().parents[3]


def each_module(function):
    return pytest.mark.parametrize(("module", "options"), MODULES, ids=[name for name, options in MODULES])(function)


def refusal(module, options, connection, **more):
    result = run_module(module, {"max_attempts": 1, **connection, "name": "media", **options, **more})
    assert result["failed"]
    assert not result.get("changed")
    assert result["msg"].count("\n") == 0
    assert set(result["error"]) == {"tried", "said", "remedy", "code"}
    return result


@pytest.fixture
def closed_port():
    """A port of this machine on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@each_module
def test_nobody_listens(module, options, closed_port):
    url = f"http://127.0.0.1:{closed_port}"
    failed = refusal(module, options, {"endpoint_url": url, "access_key": "A", "secret_key": "the-secret"})
    assert failed["error"]["code"] == "EndpointConnectionError"
    assert f"at {url}: Failed to establish a new connection: [Errno 111] Connection refused. Check" in failed["msg"]


@each_module
def test_no_such_host(module, options):
    failed = refusal(
        module, options, {"endpoint_url": "http://no-such-host.invalid", "access_key": "A", "secret_key": "the-secret"}
    )
    assert failed["error"]["code"] == "EndpointConnectionError"
    assert ": Failed to resolve 'no-such-host.invalid'" in failed["msg"] and "name resolution" in failed["msg"]


@each_module
def test_wrong_secret(module, options, moto_with_keys):
    failed = refusal(module, options, moto_with_keys.connection, secret_key="not-the-secret")
    assert failed["error"]["code"] == "SignatureDoesNotMatch"
    assert "Check secret_key" in failed["msg"]


@each_module
def test_wrong_key(module, options, moto_with_keys):
    failed = refusal(module, options, moto_with_keys.connection, access_key="NOBODY")
    assert failed["error"]["code"] == "InvalidAccessKeyId"
    assert "the store does not know it" in failed["msg"]


@pytest.mark.parametrize(
    ("wrong", "code"), [({"secret_key": "no"}, "SignatureDoesNotMatch"), ({"access_key": "NO"}, "InvalidAccessKeyId")]
)
def test_a_store_that_answers_head_without_reasons_is_asked_again(rclone, wrong, code):
    failed = refusal("bucket", {}, rclone.connection, **wrong)
    assert failed["error"]["code"] == code
    assert list(rclone.data.iterdir()) == []


@each_module
def test_wrong_region(module, options):
    with NaiveS3(region="garage") as store:
        store.buckets.add("media")
        failed = refusal(module, options, store.connection, region="mars-1")
        assert store.buckets == {"media"}
    assert failed["error"]["code"] == "AuthorizationHeaderMalformed"
    assert "expecting 'garage'" in failed["msg"] and "Set region" in failed["msg"]


@each_module
def test_certificate_of_an_unknown_authority(module, options, moto_with_keys):
    connection = {name: value for name, value in moto_with_keys.connection.items() if name != "ca_path"}
    failed = refusal(module, options, connection)
    assert failed["error"]["code"] == "SSLError"
    assert "certificate verify failed" in failed["msg"] and "set ca_path" in failed["msg"]
    assert moto_with_keys.requests == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_validation_can_be_switched_off(moto_with_keys):
    connection = {name: value for name, value in moto_with_keys.connection.items() if name != "ca_path"}
    assert run_module("bucket", {**connection, "name": "media", "validate_certs": False})["changed"]


@each_module
def test_http_is_spoken_to_a_tls_port(module, options, moto_with_keys):
    url = moto_with_keys.endpoint_url.replace("https:", "http:")
    failed = refusal(module, options, moto_with_keys.connection, endpoint_url=url)
    assert "Check" in failed["error"]["remedy"] and url in failed["msg"]


@each_module
def test_a_web_site_is_no_store(module, options):
    class Console(NaiveS3):
        content_type = "text/html; charset=utf-8"

        def answer(self, method, path, signed_for):
            return 200, "<!DOCTYPE html>\n<html><body>Welcome</body></html>"

    with Console() as site:
        failed = refusal(module, options, site.connection)
    assert "Check endpoint_url" in failed["msg"]


@each_module
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"endpoint_url": "s3.example.org"}, "endpoint_url is 's3.example.org', which is not the URL of a server"),
        ({"endpoint_url": "ftp://s3.example.org"}, "not the URL of a server"),
        ({"endpoint_url": "http://host:port"}, "not the URL of a server"),
        ({"endpoint_url": "http://me:pw@host"}, "endpoint_url holds a user name"),
        ({"secret_key": ""}, "access_key is set and secret_key is empty"),
        ({"ca_path": "/nonexistent/ca.pem"}, "/nonexistent/ca.pem does not exist on this host"),
        ({"addressing_style": "virtual"}, "is an address, not a name"),
        ({"connect_timeout": 0}, "connect_timeout is 0"),
        ({"provider": "minio", "endpoint_url": ""}, "endpoint_url is not set"),
    ],
)
def test_connection_that_cannot_be_meant(module, options, wrong, words, moto):
    failed = run_module(module, {**moto.connection, "provider": "generic", "region": "", "name": "media", **options, **wrong})
    assert failed["failed"] and words in failed["msg"]
    assert moto.requests == []


def test_a_provider_whose_endpoint_follows_from_the_region_needs_one():
    failed = run_module("bucket", {"provider": "b2", "access_key": "A", "secret_key": "the-secret", "name": "media"})
    assert "Set region; the endpoint is then https://s3.{region}.backblazeb2.com" in failed["msg"]


def test_missing_credentials(monkeypatch, moto, tmp_path):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    failed = run_module("bucket", {"endpoint_url": moto.endpoint_url, "name": "media"})
    assert failed["error"]["code"] == "NoCredentialsError"
    assert "Set access_key and secret_key" in failed["msg"]


def test_missing_profile(moto):
    failed = run_module("bucket", {"endpoint_url": moto.endpoint_url, "name": "media", "profile": "nobody-has-this"})
    assert failed["error"]["code"] == "ProfileNotFound"
    assert "Correct profile" in failed["msg"]


@each_module
def test_missing_boto3(module, options, tmp_path):
    """A Python that has ansible's module_utils and the collection, as every host gets them, and no boto3."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    library = tmp_path / "library"
    (library / "ansible_collections" / "mediastore").mkdir(parents=True)
    (library / "ansible").symlink_to(Path(ansible.__file__).parent)
    (library / "ansible_collections" / "mediastore" / "s3").symlink_to(COLLECTION)
    package = "ansible_collections.mediastore.s3.plugins"
    # The machine that runs the test may have the environment that the module looks for.
    start = f"from {package}.module_utils._base import module; module.INTERPRETERS = ()\n"
    start += f"from {package}.modules.{module} import main; main()"
    args = {"endpoint_url": "http://127.0.0.1:9", "access_key": "A", "secret_key": "the-secret", "name": "media", **options}
    done = subprocess.run(
        [str(python), "-c", start],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": args}),
        env={"PYTHONPATH": str(library), "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = json.loads(done.stdout)
    assert failed["failed"] and "Traceback" not in done.stdout + done.stderr
    assert f"boto3 is not installed for {python}" in failed["msg"]
    assert "python3-boto3" in failed["error"]["remedy"]


class Odd(NaiveS3):
    """Answers everything in one way, which is not S3's."""

    def __init__(self, status, body):
        super().__init__()
        self.status, self.body = status, body

    def answer(self, method, path, signed_for):
        return self.status, self.body


@each_module
@pytest.mark.parametrize("status", [301, 302, 403, 503])
@pytest.mark.parametrize("body", ["", "<oops", "<html><br></html>"])
def test_a_server_that_is_no_store(module, options, status, body):
    with Odd(status, body) as server:
        failed = refusal(module, options, server.connection)
    assert failed["error"]["code"] != "Unexpected", failed["msg"]
    if status < 400:
        assert "redirects" in failed["msg"] or "region" in failed["msg"]


@each_module
@pytest.mark.parametrize("body", ["", "<Tagging><TagSet>", "garbage"])
def test_an_answer_that_cannot_be_read(module, options, body):
    with Odd(200, body) as server:
        result = run_module(module, {**server.connection, "name": "media", **options})
        # to bucket, an answer to HEAD is enough
        assert module == "bucket" or (result["failed"] and result["error"]["code"] != "Unexpected"), result
        assert all(request.startswith(("GET", "HEAD")) for request in server.requests)
