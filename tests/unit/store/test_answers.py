# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as values: a refusal and an answer that cannot be read are results, silence is an error."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.probing.answers import ask

HERE = Connection("generic", endpoint_url="https://s3.example.org")


def raising(error):
    def call(**arguments):
        raise error

    return call


def test_a_refusal_is_an_answer():
    refused = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
    answer = ask(HERE, raising(ClientError(refused, "GetBucketCors")))
    assert (answer.done, answer.unknown, answer.status) == (False, True, 501)
    with pytest.raises(StoreRefused, match="read it.*501 NotImplemented"):
        answer.demand("read it", HERE)


def test_what_cannot_be_read_is_an_answer_to_another_question():
    answer = ask(HERE, raising(ResponseParserError("no element found")))
    assert answer.unknown and not answer.done
    with pytest.raises(StoreRefused, match="no element found.*Check endpoint_url"):
        answer.demand("read it", HERE)


def test_silence_is_an_error():
    with pytest.raises(StoreUnreachable):
        ask(HERE, raising(EndpointConnectionError(endpoint_url="https://s3.example.org")))
