# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backblaze's native interface on loopback: the simulator of its own Python library, asked by HTTP as the real one is.

with Backblaze() as store:
    store.connection
    store.calls == ["b2_authorize_account", "b2_list_buckets"]

Where the simulator is more lenient or more strict than Backblaze's documents, it is put right here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from b2sdk.v3 import SSE_B2_AES, RawSimulator
from b2sdk.v3.exception import B2Error, BadRequest, Unauthorized

#: parameters of the interface -> arguments of the simulator
NAMES = {
    "accountId": "account_id",
    "applicationKeyId": "application_key_id",
    "bucketId": "bucket_id",
    "bucketIds": "bucket_ids",
    "bucketInfo": "bucket_info",
    "bucketName": "bucket_name",
    "bucketType": "bucket_type",
    "bypassGovernance": "bypass_governance",
    "capabilities": "capabilities",
    "contentType": "content_type",
    "corsRules": "cors_rules",
    "defaultServerSideEncryption": "default_server_side_encryption",
    "fileId": "file_id",
    "fileInfo": "file_info",
    "fileLockEnabled": "is_file_lock_enabled",
    "fileName": "file_name",
    "ifRevisionIs": "if_revision_is",
    "keyName": "key_name",
    "lifecycleRules": "lifecycle_rules",
    "maxFileCount": "max_file_count",
    "maxKeyCount": "max_key_count",
    "namePrefix": "name_prefix",
    "prefix": "prefix",
    "startApplicationKeyId": "start_application_key_id",
    "startFileId": "start_file_id",
    "startFileName": "start_file_name",
    "validDurationInSeconds": "valid_duration_seconds",
}
#: what the simulator raises -> how Backblaze says it
ERRORS = {
    "BadJson": (400, "bad_json"),
    "Conflict": (409, "conflict"),
    "DuplicateBucketName": (400, "duplicate_bucket_name"),
    "FileNotPresent": (400, "file_not_present"),
    "InvalidAuthToken": (401, "bad_auth_token"),
    "NonExistentBucket": (400, "bad_bucket_id"),
    "Unauthorized": (401, "unauthorized"),
    "AccessDenied": (403, "access_denied"),
}
OPERATIONS = {f"s3_{method}" for method in ("get", "head", "put", "post", "delete")} | {
    f"b2_{name}" for name in ("download_file_by_id", "download_file_by_name", "upload_file", "upload_part")
}
DAYS = ("daysFromUploadingToHiding", "daysFromHidingToDeleting", "daysFromStartingToCancelingUnfinishedLargeFiles")


class Simulator(RawSimulator):  # type: ignore[misc]
    """The simulator as Backblaze's documents describe the real one."""

    def check(self, token: str, capability: str, bucket_id: str, file_name: str | None = None) -> Any:
        """The bucket, if the key may do this to it."""
        bucket = self._get_bucket_by_id(bucket_id)
        self._assert_account_auth(self.API_URL, token, bucket.account_id, capability, bucket_id, file_name)
        return bucket

    def authorize_account(self, realm_url: str, application_key_id: str, application_key: str) -> Any:
        key = self.key_id_to_key.get(application_key_id)
        if key and key.expiration_timestamp_or_none and key.expiration_timestamp_or_none <= time.time():
            raise Unauthorized("the key has expired", "unauthorized")
        return super().authorize_account(realm_url, application_key_id, application_key)

    def delete_key(self, api_url: str, token: str, application_key_id: str) -> Any:
        if "deleteKeys" not in self.auth_token_to_key[token].capabilities:
            raise Unauthorized("", "unauthorized")
        gone = super().delete_key(api_url, token, application_key_id)
        # Whoever was let in with it is out.
        for held in [held for held, key in self.auth_token_to_key.items() if key.application_key_id == application_key_id]:
            self.expire_auth_token(held)
        return gone

    def list_buckets(self, api_url: str, token: str, account_id: str, **which: Any) -> Any:
        # The simulator shows the buckets of all accounts to everybody.
        found = super().list_buckets(api_url, token, account_id, **which)["buckets"]
        return {"buckets": [bucket for bucket in found if bucket["accountId"] == account_id]}

    def delete_bucket(self, api_url: str, token: str, account_id: str, bucket_id: str) -> Any:
        if self._get_bucket_by_id(bucket_id).file_id_to_file:
            raise BadRequest("bucket is not empty", "cannot_delete_non_empty_bucket")
        return super().delete_bucket(api_url, token, account_id, bucket_id)

    def update_bucket(self, api_url: str, token: str, account_id: str, bucket_id: str, **changes: Any) -> Any:
        # Somebody who is let in with a key of a single bucket must not become the one for whom the answer is written.
        self.current_token = token
        _check_lifecycle(changes.get("lifecycle_rules") or [])
        _check_cors(changes.get("cors_rules") or [])
        return self.check(token, "writeBuckets", bucket_id)._update_bucket(**changes)

    def delete_file_version(self, api_url: str, token: str, file_id: str, file_name: str, bypass_governance: bool = False) -> Any:
        bucket = self.check(token, "deleteFiles", self.file_id_to_bucket_id[file_id], file_name)
        return bucket.delete_file_version(token, file_id, file_name, bypass_governance)

    def hide_file(self, api_url: str, token: str, bucket_id: str, file_name: str) -> Any:
        hidden = self.check(token, "writeFiles", bucket_id, file_name).hide_file(token, file_name)
        self.file_id_to_bucket_id[hidden["fileId"]] = bucket_id
        return hidden

    def upload(self, token: str, bucket_id: str, file_name: str, body: bytes) -> Any:
        """Put a file."""
        bucket = self.check(token, "writeFiles", bucket_id, file_name)
        sha1 = hashlib.sha1(body).hexdigest()
        made = bucket.upload_file("0", token, file_name, len(body), "text/plain", sha1, {}, io.BytesIO(body))
        self.file_id_to_bucket_id[made["fileId"]] = bucket_id
        return made

    def download(self, token: str | None, bucket_name: str, file_name: str) -> bytes:
        """Get a file, which everybody may from a public bucket."""
        bucket = self._get_bucket_by_name(bucket_name)
        if bucket.bucket_type != "allPublic":
            if not token:
                raise Unauthorized("", "unauthorized")
            self.check(token, "readFiles", bucket.bucket_id, file_name)
        newest = min((file for file in bucket.file_id_to_file.values() if file.name == file_name), key=lambda file: file.file_id)
        return bytes(newest.data_bytes)


def _check_lifecycle(rules: list[dict[str, Any]]) -> None:
    prefixes = sorted(rule["fileNamePrefix"] for rule in rules)
    for shorter, longer in zip(prefixes, prefixes[1:]):
        if longer.startswith(shorter):
            raise BadRequest(f"two rules apply to {longer!r}", "bad_request")
    for rule in rules:
        days = [rule.get(name) for name in DAYS]
        if not any(days) or any(number is not None and number < 1 for number in days):
            raise BadRequest(f"a rule that does nothing: {rule}", "bad_request")


def _check_cors(rules: list[dict[str, Any]]) -> None:
    names = [rule["corsRuleName"] for rule in rules]
    if len(set(names)) < len(names) or any(not 6 <= len(name) <= 50 for name in names):
        raise BadRequest("invalid corsRuleName", "bad_request")
    for rule in rules:
        if not 0 <= rule["maxAgeSeconds"] <= 86400 or not set(rule["allowedOperations"]) <= OPERATIONS:
            raise BadRequest(f"invalid rule {rule['corsRuleName']}", "bad_request")


class Backblaze:
    """A running account; ``calls`` are the names of what was asked, in order."""

    def __init__(self) -> None:
        self.simulator = Simulator()
        self.access_key, self.secret_key = self.simulator.create_account()
        self.calls: list[str] = []
        self.agents: set[str] = set()
        #: called once before the next change of a bucket, as somebody else would come in between
        self.meanwhile: Any = None
        self._one_at_a_time = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.simulator.API_URL = self.simulator.DOWNLOAD_URL = self.url
        self.simulator.S3_API_URL = "https://s3.us-west-004.backblazeb2.com"

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to it."""
        keys = {"access_key": self.access_key, "secret_key": self.secret_key}
        return {"provider": "b2", "api": "native", "admin_url": self.url, **keys}

    def bucket(self, name: str) -> Any:
        """A bucket as the simulator has it."""
        return self.simulator.bucket_name_to_bucket[name]

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        """Status and body for a request."""
        place, _slash, rest = path.strip("/").partition("/")
        token = headers.get("Authorization")
        try:
            if place == "file":
                bucket, _slash, name = rest.partition("/")
                return 200, self.simulator.download(token, bucket, unquote(name))
            if place == "upload":
                return 200, _json(self.simulator.upload(token, rest, unquote(headers["X-Bz-File-Name"]), body))
            return 200, _json(self._call(path.rpartition("/")[2], token, json.loads(body or b"{}")))
        except B2Error as exc:
            status, code = ERRORS.get(type(exc).__name__, (400, getattr(exc, "code", "bad_request")))
            return status, _json({"status": status, "code": code, "message": getattr(exc, "message", str(exc))})

    def _call(self, name: str, token: str, said: dict[str, Any]) -> Any:
        self.calls.append(name)
        if name == "b2_authorize_account":
            key_id, _colon, secret = base64.b64decode(token.partition(" ")[2]).decode().partition(":")
            return self.simulator.authorize_account(self.url, key_id, secret)
        if token not in self.simulator.auth_token_to_key:
            raise Unauthorized("no such token", "bad_auth_token")
        if name == "b2_get_upload_url":
            self.simulator.check(token, "writeFiles", said["bucketId"])
            return {
                "bucketId": said["bucketId"],
                "uploadUrl": f"{self.url}/upload/{said['bucketId']}",
                "authorizationToken": token,
            }
        if name == "b2_update_bucket" and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        # The simulator has no other types, and is not asked for some.
        given = {NAMES[key]: value for key, value in said.items() if value is not None and key != "bucketTypes"}
        if "default_server_side_encryption" in given:
            given["default_server_side_encryption"] = SSE_B2_AES
        if name == "b2_create_bucket":
            given.setdefault("is_file_lock_enabled", False)
        if name == "b2_create_key":
            given = {**dict.fromkeys(("valid_duration_seconds", "bucket_ids", "name_prefix")), **given}
        return getattr(self.simulator, name.partition("_")[2])(self.url, token, **given)

    def wait(self, seconds: int) -> None:
        """Let so much time pass for keys that end by themselves."""
        for key in self.simulator.all_application_keys:
            if key.expiration_timestamp_or_none:
                key.expiration_timestamp_or_none -= seconds

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                store.agents.add(self.headers.get("User-Agent", ""))
                # A client that takes this for a proxy sends whole URLs.
                with store._one_at_a_time:
                    status, data = store.answer(self.command, urlsplit(self.path).path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do

            def log_message(self, format: str, *args: Any) -> None:
                """A test's output is not an access log."""

        return Handler

    def __enter__(self) -> Backblaze:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _json(value: Any) -> bytes:
    return json.dumps(value, default=list).encode()
