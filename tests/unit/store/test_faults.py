# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One table from botocore's errors to ours."""

from __future__ import annotations

import botocore.exceptions as boto
import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import (
    BadInput,
    MediastoreError,
    StoreRefused,
    StoreUnreachable,
)
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.faults import REMEDIES, explain, explaining

STORE = Connection("generic", endpoint_url="https://s3.example.org")


def answer(code, status, message=""):
    return boto.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject"
    )


def test_it_says_what_was_tried_what_came_back_and_what_to_do():
    error = explain(answer("AccessDenied", 403, "Access Denied."), "put a.jpg", STORE)
    assert str(error) == (
        "Could not put a.jpg at https://s3.example.org: the store answered 403 AccessDenied (Access Denied). "
        + REMEDIES["AccessDenied"]
    )
    assert error.code == "AccessDenied" and isinstance(error, StoreRefused)


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("SignatureDoesNotMatch", 403, "Check secret_key"),
        ("InvalidAccessKeyId", 403, "the store does not know it"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("AuthorizationHeaderMalformed", 400, "Set region"),
        ("PermanentRedirect", 301, "Set region"),
        ("NoSuchBucket", 404, "Create the bucket first"),
        ("NotImplemented", 501, "set provider"),
        ("403", 403, "Check access_key and secret_key"),
        ("", 405, "cannot do this"),
        ("SomethingNew", 418, "Look into the store's log"),
    ],
)
def test_answers(code, status, words):
    error = explain(answer(code, status), "look", STORE)
    assert words in error.remedy
    assert str(status) in error.said
    assert f"{status} {status}" not in error.said


@pytest.mark.parametrize(
    ("exc", "kind", "words"),
    [
        (boto.NoCredentialsError(), BadInput, "Set access_key and secret_key"),
        (boto.ProfileNotFound(profile="x"), BadInput, "Correct profile"),
        (boto.EndpointConnectionError(endpoint_url="https://s3.example.org"), StoreUnreachable, "name resolution"),
        (boto.ConnectTimeoutError(endpoint_url="https://s3.example.org"), StoreUnreachable, "firewall"),
        (boto.ReadTimeoutError(endpoint_url="https://s3.example.org"), StoreUnreachable, "read_timeout"),
        (boto.SSLError(endpoint_url="https://s3.example.org", error="certificate verify failed"), StoreUnreachable, "ca_path"),
        (boto.ProxyConnectionError(proxy_url="http://proxy"), StoreUnreachable, "proxy_url"),
        (boto.ParamValidationError(report="Invalid bucket name"), BadInput, "Correct the option"),
        (boto.BotoCoreError(), StoreUnreachable, "Check the connection"),
    ],
)
def test_failures_without_an_answer(exc, kind, words):
    error = explain(exc, "look", STORE)
    assert error.__class__ is kind
    assert words in error.remedy
    assert error.said


def test_only_botos_errors_are_translated():
    with pytest.raises(StoreRefused), explaining("look", STORE):
        raise answer("AccessDenied", 403)
    with pytest.raises(ZeroDivisionError), explaining("look", STORE):
        raise ZeroDivisionError
    mine = BadInput("look", said="no", remedy="Do.")
    with pytest.raises(MediastoreError) as caught, explaining("look", STORE):
        raise mine
    assert caught.value is mine
