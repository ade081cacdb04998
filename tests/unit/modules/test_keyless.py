# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without keys in the task boto finds them: the role of a machine, a profile, the environment; and a session token is sent along.

The store checks every signature, so a bucket that is made proves that the right key was used.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

VERSION = "2012-10-17"


@pytest.fixture
def temporary(moto_with_keys):
    """Keys of a role that end, with their token."""
    iam, anybody = moto_with_keys.service("iam"), {"AWS": "*"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": anybody, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName="media", AssumeRolePolicyDocument=json.dumps({"Version": VERSION, **trust}))["Role"]["Arn"]
    allowed = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="media", PolicyName="media", PolicyDocument=json.dumps({"Version": VERSION, **allowed}))
    made = moto_with_keys.service("sts").assume_role(RoleArn=arn, RoleSessionName="media")["Credentials"]
    return {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"], "session_token": made["SessionToken"]}


@pytest.fixture
def keyless(moto_with_keys, monkeypatch):
    """The options of a task without keys; where nothing else is said, boto finds none."""
    options = {name: value for name, value in moto_with_keys.connection.items() if name not in ("access_key", "secret_key")}
    found = run_module("bucket", {**options, "name": "media"})
    assert found["error"]["code"] == "NoCredentialsError"
    return options


@pytest.fixture
def metadata(temporary):
    """The address inside a cloud's machine (169.254.169.254) at which it is told the keys of its role, version 2."""

    class Answers(BaseHTTPRequestHandler):
        def answer(self, text: str) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_PUT(self):
            self.answer("a-token-of-the-session")

        def do_GET(self):
            assert self.headers["X-aws-ec2-metadata-token"] == "a-token-of-the-session"
            if not self.path.endswith("/media-role"):
                return self.answer("media-role")
            keys = {
                "AccessKeyId": temporary["access_key"],
                "SecretAccessKey": temporary["secret_key"],
                "Token": temporary["session_token"],
                "Expiration": "2037-01-31T12:00:00Z",
                "Code": "Success",
                "Type": "AWS-HMAC",
            }
            return self.answer(json.dumps(keys))

        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def makes_a_bucket(options):
    assert run_module("bucket", {**options, "name": "media"})["changed"]


def test_the_role_of_the_machine(keyless, metadata, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata)
    makes_a_bucket(keyless)


def test_a_profile(keyless, moto_with_keys, tmp_path, monkeypatch):
    path = tmp_path / "credentials"
    keys = f"aws_access_key_id = {moto_with_keys.access_key}\naws_secret_access_key = {moto_with_keys.secret_key}\n"
    path.write_text(f"[default]\naws_access_key_id = WRONG\naws_secret_access_key = WRONG\n[media]\n{keys}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    makes_a_bucket({**keyless, "profile": "media"})
    refused = run_module("bucket", {**keyless, "profile": "nobody", "name": "media"})
    assert refused["error"]["code"] == "ProfileNotFound"


def test_the_environment(keyless, moto_with_keys, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_with_keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_with_keys.secret_key)
    makes_a_bucket(keyless)


def test_the_environment_with_a_token(keyless, temporary, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", temporary["access_key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", temporary["secret_key"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", temporary["session_token"])
    makes_a_bucket(keyless)


def test_a_session_token_in_the_task(keyless, temporary):
    makes_a_bucket({**keyless, **temporary})
