# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a listing without botocore is what botocore would have read, or botocore reads it."""

from __future__ import annotations

import datetime

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory

from ansible_collections.mediastore.s3.plugins.module_utils._store.listings import moment, take_objects

PAGE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
    "<IsTruncated>true</IsTruncated>{}<NextContinuationToken>next</NextContinuationToken><EncodingType>url</EncodingType>"
    "</ListBucketResult>"
)
USUAL = (
    "<Contents><Key>{}</Key><LastModified>2026-11-26T17:00:00.123Z</LastModified><ETag>&quot;0123&quot;</ETag>"
    "<Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>"
)
OWNED = "<Contents><Key>a</Key><Owner><ID>x</ID><DisplayName>y</DisplayName></Owner><Size>1</Size></Contents>"
MODEL = botocore.session.Session().get_service_model("s3").operation_model("ListObjectsV2")


def parsed(body, quick, status=200):
    """A page as the client returns it."""
    said, told = {"status_code": status, "headers": {}, "body": body.encode()}, {}
    if quick:
        take_objects(operation_model=MODEL, response_dict=said, customized_response_dict=told)
    found = ResponseParserFactory().create_parser("rest-xml").parse(said, MODEL.output_shape)
    return {**found, **told}, bool(told)


@pytest.mark.parametrize(
    "contents",
    [
        USUAL.format("a"),
        USUAL.format("a") + "\n  " + USUAL.format("b%20%26%C3%BC"),
        USUAL.format("a&amp;b&lt;Contents&gt;"),
        USUAL.format("a").replace("<StorageClass>STANDARD</StorageClass>", ""),
        USUAL.format("a").replace("2026-11-26T17:00:00.123Z", "2026-11-26T17:00:00Z"),
        USUAL.format("a").replace("2026-11-26T17:00:00.123Z", "Thu, 26 Nov 2026 17:00:00 GMT"),
        USUAL.format("a") + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>",
    ],
)
def test_it_is_what_botocore_reads(contents):
    (ours, taken), (theirs, _none) = parsed(PAGE.format(contents), True), parsed(PAGE.format(contents), False)
    assert taken and ours == theirs
    assert (ours["IsTruncated"], ours["NextContinuationToken"]) == (True, "next")


@pytest.mark.parametrize(
    "contents",
    [
        "",
        USUAL.format("a") + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>" + USUAL.format("b"),
        USUAL.format("a").replace("Contents>", "s3:Contents>"),
    ],
)
def test_what_looks_otherwise_is_left_to_botocore(contents):
    page = PAGE.replace("<ListBucketResult ", '<ListBucketResult xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/" ')
    (ours, taken), (theirs, _none) = parsed(page.format(contents), True), parsed(page.format(contents), False)
    assert not taken and ours == theirs


def test_what_nobody_asks_for_is_left_out():
    ours, taken = parsed(PAGE.format(OWNED), True)
    assert taken and ours["Contents"] == [{"Key": "a", "Size": 1}]


def test_other_answers_are_not_touched():
    for status, name in ((500, "ListObjectsV2"), (200, "ListParts")):
        said, told = {"status_code": status, "headers": {}, "body": PAGE.format(USUAL.format("a")).encode()}, {}
        model = MODEL if name == "ListObjectsV2" else MODEL.service_model.operation_model(name)
        take_objects(operation_model=model, response_dict=said, customized_response_dict=told)
        assert not told and b"<Contents>" in said["body"]


def test_moments():
    utc = datetime.timezone.utc
    assert moment("2026-11-26T17:00:00Z") == datetime.datetime(2026, 11, 26, 17, tzinfo=utc)
    assert moment("2026-11-26T17:00:00.123Z") == datetime.datetime(2026, 11, 26, 17, 0, 0, 123000, tzinfo=utc)
    assert moment("1764176400") == datetime.datetime.fromtimestamp(1764176400, utc)
    with pytest.raises(ValueError):
        moment("no time")
