# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto with users, keys and policies that count, in a process of its own, since that is set for all of a process."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

from .process import ProcessS3

ALLOW_EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
#: how many requests are let in unseen
NONE, ALL = b"0", b"inf"


class MotoAuthS3(ProcessS3):
    """A running store over TLS with one user who may do everything; IAM is at the same address."""

    provider = "aws"
    region = "us-east-1"

    def _start(self) -> None:
        port = self._port("s3")
        server = Path(__file__).with_name("moto_app.py")
        # -P: a file beside it has the name of the library
        self._run("moto", [sys.executable, "-P", str(server), str(port), str(self._tls.cert), str(self._tls.key)])
        self.endpoint_url = f"https://127.0.0.1:{port}"
        self.access_key = self.secret_key = "testing"
        self._wait_until(self._listens)
        self.access_key, self.secret_key = make_owner(self.client(service="iam"))
        set_unseen(self.endpoint_url, NONE, self.ca_path)

    def _connection(self, access_key: str, secret_key: str) -> dict[str, Any]:
        return {**super()._connection(access_key, secret_key), "addressing_style": "path"}


def make_owner(iam: Any) -> tuple[str, str]:
    """The key of a new user who may do everything."""
    iam.create_user(UserName="owner")
    iam.put_user_policy(UserName="owner", PolicyName="everything", PolicyDocument=ALLOW_EVERYTHING)
    key = iam.create_access_key(UserName="owner")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def set_unseen(endpoint_url: str, number: bytes, ca_path: str | None) -> None:
    """Tell a moto how many more requests it lets in whoever sends them."""
    call(endpoint_url, "reset-auth", number, ca_path)


def call(endpoint_url: str, name: str, body: bytes, ca_path: str | None) -> None:
    """A request to moto itself."""
    # urllib's default form type makes moto answer 500.
    request = urllib.request.Request(f"{endpoint_url}/moto-api/{name}", body, {"Content-Type": "text/plain"})
    context = ssl.create_default_context(cafile=ca_path) if ca_path else None
    with urllib.request.urlopen(request, timeout=10, context=context):
        pass
