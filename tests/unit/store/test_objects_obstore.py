# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fast engine sends what boto3 sends, fails as boto3 fails, and leaves to boto3 what it cannot do."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import os

import botocore.credentials
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Attributes
from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects import BotoStore
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects_obstore import LARGEST, ObstoreStore, carries
from ansible_collections.mediastore.s3.plugins.module_utils._store.place import place_of
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.servers.troubled import LIE, RESET, STALL, TRUNCATE, WRONG, TroubledS3

ENGINES = (BotoStore, ObstoreStore)
MTIME_NS = 1_500_000_000_123_456_789
ALL = Attributes(
    content_type="guess",
    cache_control="public,  max-age=60",
    metadata={"Origin": "synapse", "Note": "two  spaces"},
    acl="public-read",
    storage_class="STANDARD_IA",
    content_disposition='attachment; filename="a b.png"',
)
KEY = base64.b64encode(bytes(range(32))).decode()
#: keys that are awkward and that obstore carries nevertheless
AWKWARD = [
    "a b",
    "a+b",
    "a%20b",
    "a&b=c?d#e",
    "ü/é",
    "e\u0301",
    "🎉/x",
    "~",
    "'\"",
    "port:8448/x",
    "back\\slash",
    "(x)*!",
    "%",
    "a%2e/b",
]
AWKWARD += ["{x}^`|<>[]", " a", "a ", "...", "a/.b/..c", "-", "x" * 1000]
#: keys of which obstore would make others, or none
FOREIGN = ["/a", "a/", "a//b", "./a", "a/../b", ".", "..", "a/.", "x\ty", "x\ny", "x\x7fy"]


def open_with(engine, store, bucket="media", attributes=None, customer_key=None, **options):
    connection = Connection.from_params({**store.connection, **options})
    profile = profile_for(connection)
    complete = profile.complete(connection)
    return engine(make_client(complete, profile), bucket, complete, profile, attributes, customer_key)


def put(store, key="a.png", body=b"content"):
    return store.put(key, body, hashlib.md5(body).digest(), MTIME_NS)


@pytest.fixture
def troubled(tmp_path):
    with TroubledS3(tmp_path) as store:
        yield store


@pytest.fixture(params=ENGINES, ids=["boto3", "obstore"])
def kind(request):
    return request.param


# -- what is sent


@pytest.mark.parametrize(
    ("more", "customer_key", "expected"),
    [
        ({}, None, {}),
        ({"encryption": "AES256"}, None, {"x-amz-server-side-encryption": "AES256"}),
        (
            {"encryption": "aws:kms", "kms_key_id": "arn:aws:kms:x"},
            None,
            {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:x"},
        ),
        (
            {},
            KEY,
            {
                "x-amz-server-side-encryption-customer-algorithm": "AES256",
                "x-amz-server-side-encryption-customer-key": KEY,
                "x-amz-server-side-encryption-customer-key-md5": base64.b64encode(
                    hashlib.md5(bytes(range(32))).digest()
                ).decode(),
            },
        ),
    ],
    ids=["plain", "AES256", "kms", "customer"],
)
def test_everything_is_sent_and_signed(troubled, kind, more, customer_key, expected):
    attributes = Attributes(**{**vars(ALL), **more})
    receipt = put(open_with(kind, troubled, attributes=attributes, customer_key=customer_key, session_token="a-token"))
    assert receipt[:2] == (hashlib.md5(b"content").hexdigest(), not customer_key and more.get("encryption") != "aws:kms")
    (request,) = troubled.requests
    expected = {
        "content-type": "image/png",
        "cache-control": "public,  max-age=60",
        "content-disposition": 'attachment; filename="a b.png"',
        "x-amz-meta-mtime": "1500000000.123456789",
        "x-amz-meta-origin": "synapse",
        "x-amz-meta-note": "two  spaces",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-acl": "public-read",
        "x-amz-security-token": "a-token",
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        **expected,
    }
    assert {name: request.headers.get(name) for name in expected} == expected
    # boto3 leaves two unsigned that are no x-amz- headers, as Signature V4 allows; obstore signs them all
    unsigned = {name for name in expected if name not in request.signed}
    assert unsigned <= ({"cache-control", "content-disposition"} if kind is BotoStore else set())
    assert (request.method, request.path, request.body, request.region) == ("PUT", "/media/a.png", b"content", "us-east-1")
    assert "mediastore.s3" in request.headers["user-agent"]
    assert "expect" not in request.headers


def test_signatures_with_odd_spaces_are_right(tmp_path):
    attributes = Attributes(cache_control=" public,   max-age=60 ", metadata={"a": "x  y", "b": ""})
    with RcloneS3(tmp_path, "ACCESSKEY", "a-secret-key") as store:
        (store.data / "media").mkdir()
        fast = open_with(ObstoreStore, store, attributes=attributes)
        put(fast)
        assert fast.engine == "obstore"


def test_what_is_read_is_asked_for_with_the_customers_key_and_without_the_acl(troubled, kind):
    store = open_with(kind, troubled, attributes=ALL, customer_key=KEY)
    put(store)
    reading = store.read("a.png")
    assert (reading.size, reading.etag, reading.mtime_ns) == (7, hashlib.md5(b"content").hexdigest(), MTIME_NS)
    assert b"".join(reading.chunks) == b"content"
    asked = troubled.requests[-1]
    assert asked.method == "GET" and asked.headers["x-amz-server-side-encryption-customer-key"] == KEY
    assert "x-amz-acl" not in asked.headers


def test_without_tls_the_signature_covers_the_content(kind):
    with TroubledS3() as store:
        put(open_with(kind, store))
        assert store.requests[0].headers["x-amz-content-sha256"] == hashlib.sha256(b"content").hexdigest()


@pytest.mark.parametrize(
    ("style", "host", "path"), [("path", "store.example", "/media/a.png"), ("virtual", "media.store.example", "/a.png")]
)
def test_both_styles_and_a_proxy(kind, style, host, path):
    with TroubledS3() as proxy:
        options = {"endpoint_url": "http://store.example", "proxy_url": proxy.endpoint_url, "region": "eu-1"}
        put(open_with(kind, proxy, addressing_style=style, **options))
        (request,) = proxy.requests
        assert (request.host, request.path, request.region) == (host, path, "eu-1")


@pytest.mark.parametrize(
    ("region", "bucket", "url"),
    [
        ("eu-central-1", "media", "https://media.s3.eu-central-1.amazonaws.com"),
        ("eu-central-1", "my.media", "https://s3.eu-central-1.amazonaws.com/my.media"),
        ("cn-north-1", "media", "https://media.s3.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", "media", "https://media.s3.amazonaws.com"),
    ],
)
def test_amazons_addresses_are_those_of_boto3(region, bucket, url):
    connection = Connection.from_params({"region": region, "access_key": "A", "secret_key": "B"})
    profile = profile_for(connection)
    connection = profile.complete(connection)
    assert place_of(make_client(connection, profile), bucket, connection) == (url, region, "s3")


def test_the_environment_has_no_say(troubled, monkeypatch):
    said = {
        "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:1",
        "AWS_SESSION_TOKEN": "of-another-key",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_SERVER_SIDE_ENCRYPTION": "AES256",
        "AWS_CHECKSUM_ALGORITHM": "sha256",
        "AWS_REQUEST_PAYER": "requester",
    }
    for name, text in said.items():
        monkeypatch.setenv(name, text)
    before = dict(os.environ)
    put(open_with(ObstoreStore, troubled))
    assert dict(os.environ) == before
    headers = troubled.requests[0].headers
    assert "authorization" in headers
    assert not [name for name in headers if "token" in name or "encryption" in name or "checksum" in name or "payer" in name]


def test_a_key_that_boto3_finds_and_one_that_it_renews(troubled, kind, monkeypatch):
    options = {"access_key": None, "secret_key": None}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROMENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    put(open_with(kind, troubled, **options))
    assert "Credential=FROMENVIRONMENT/" in troubled.requests[-1].headers["authorization"]

    def renewed():
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        return {"access_key": "RENEWED", "secret_key": "s", "token": "t", "expiry_time": end.isoformat()}

    key = botocore.credentials.RefreshableCredentials.create_from_metadata(renewed(), renewed, "a-role")
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda self: key)
    put(open_with(kind, troubled, **options))
    request = troubled.requests[-1]
    assert "Credential=RENEWED/" in request.headers["authorization"] and request.headers["x-amz-security-token"] == "t"


def test_without_any_key_it_is_boto3s_error(troubled, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(MediastoreError) as failed:
        open_with(ObstoreStore, troubled, access_key=None, secret_key=None)
    assert failed.value.code == "NoCredentialsError"


# -- keys


def test_keys_arrive_as_they_are(tmp_path):
    with MotoS3(tmp_path, tls=True) as moto:
        moto.client().create_bucket(Bucket="media")
        fast = open_with(ObstoreStore, moto)
        moto.requests.clear()
        # moto knows no way to a key with the end of a line
        keys = [key for key in AWKWARD + FOREIGN if "\n" not in key]
        for key in keys:
            put(fast, key, key.encode())
        assert {thing.key: thing.size for thing in fast.listing("")} == {key: len(key.encode()) for key in keys}
        for key in keys:
            assert b"".join(fast.read(key).chunks) == key.encode()
        assert fast.engine == "obstore"


def test_which_keys_are_boto3s():
    assert [key for key in AWKWARD if not carries(key)] == []
    assert [key for key in FOREIGN if carries(key)] == []


# -- errors


CASES = {
    "no-bucket": ({"bucket": "nowhere"}, {}, "NoSuchBucket"),
    "unknown-key": ({}, {"access_key": "WRONGKEY"}, "InvalidAccessKeyId"),
    "wrong-secret": ({}, {"secret_key": "wrong"}, "SignatureDoesNotMatch"),
    "unreachable": ({}, {"endpoint_url": "https://127.0.0.1:1"}, "EndpointConnectionError"),
    "no-such-host": ({}, {"endpoint_url": "https://no-such-host.invalid"}, "EndpointConnectionError"),
    "untrusted": ({}, {"ca_path": None}, "SSLError"),
    "proxy": ({}, {"proxy_url": "http://me:proxy-password@127.0.0.1:1"}, "ProxyConnectionError"),
}


@pytest.mark.parametrize("worked", [False, True], ids=["at-first", "later"])
@pytest.mark.parametrize("case", CASES)
def test_errors_are_those_of_boto3(tmp_path, case, worked):
    where, options, code = CASES[case]
    errors = []
    with RcloneS3(tmp_path, "ACCESSKEY", "a-secret-key") as server:
        (server.data / "media").mkdir()
        for engine in ENGINES:
            store = open_with(engine, server, **where, **{"max_attempts": 1, **options})
            store._works = worked
            with pytest.raises(MediastoreError) as failed:
                put(store)
            errors.append(failed.value)
    by_boto, by_obstore = errors
    assert by_obstore.code == by_boto.code == code
    assert (type(by_obstore), by_obstore.tried, by_obstore.remedy) == (type(by_boto), by_boto.tried, by_boto.remedy)
    if case not in ("unreachable", "no-such-host", "untrusted", "proxy"):
        assert by_obstore.said == by_boto.said
    assert "proxy-password" not in str(by_obstore)


@pytest.mark.parametrize(
    "answer", [(403, "AccessDenied"), (403, "RequestTimeTooSkewed"), (503, "SlowDown"), (500, "InternalError")]
)
def test_refusals_are_those_of_boto3(troubled, answer):
    errors, requests = [], []
    for engine in ENGINES:
        store = open_with(engine, troubled, max_attempts=2)
        put(store)
        troubled.trouble = lambda *request: answer
        troubled.requests.clear()
        for act in (put, lambda store: store.read("a.png")):
            with pytest.raises(MediastoreError) as failed:
                act(store)
            errors.append(failed.value.as_dict())
            requests.append(len(troubled.requests))
        troubled.trouble = lambda request, number: None
    assert errors[2:] == errors[:2]
    assert errors[0]["code"] == answer[1] and "(trouble & toil)" in errors[0]["said"]
    if answer[0] == 403:
        # about what the quick way of boto3 is refused, the client has the last word
        requests[0] -= 1
        requests[1] -= 1
    assert requests[2:] == requests[:2]


def test_an_object_that_is_not_there(troubled, kind):
    store = open_with(kind, troubled)
    put(store)
    with pytest.raises(MediastoreError) as failed:
        store.read("nothing")
    assert failed.value.code == "NoSuchKey"


@pytest.mark.parametrize("trouble", [RESET, (503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests"), STALL])
def test_what_passes_by_itself_is_tried_again(troubled, kind, trouble):
    troubled.trouble = lambda request, number: trouble if number in (0, 2) else None
    store = open_with(kind, troubled, max_attempts=3, read_timeout=1)
    put(store)
    assert b"".join(store.read("a.png").chunks) == b"content"
    assert [request.method for request in troubled.requests] == ["PUT", "PUT", "GET", "GET"]


@pytest.mark.parametrize(
    ("trouble", "code", "times"),
    [
        (RESET, "ConnectionClosedError", 2),
        (STALL, "ReadTimeoutError", 2),
        ((500, "InternalError"), "InternalError", 2),
        # who asks for fewer requests is given more time
        ((503, "SlowDown"), "SlowDown", 3),
    ],
)
def test_what_does_not_pass_is_sent_as_often_as_said(troubled, kind, trouble, code, times):
    troubled.trouble = lambda request, number: trouble
    with pytest.raises(MediastoreError) as failed:
        put(open_with(kind, troubled, max_attempts=2, read_timeout=1))
    assert failed.value.code == code
    assert len(troubled.requests) == times


def test_an_answer_that_breaks_off_is_never_taken_for_whole(troubled, kind):
    store = open_with(kind, troubled, max_attempts=2)
    put(store, body=bytes(100_000))
    troubled.trouble = lambda request, number: TRUNCATE
    with pytest.raises(StoreUnreachable) as failed:
        list(store.read("a.png").chunks)
    assert failed.value.tried.startswith("read a.png from bucket media at https://")


# -- what boto3 does instead


def test_what_is_large_is_sent_by_boto3(troubled):
    store = open_with(ObstoreStore, troubled)
    put(store, "small", bytes(LARGEST))
    put(store, "large", bytes(LARGEST + 1))
    assert ["content-md5" in request.headers for request in troubled.requests] == [False, True]
    assert store.engine == "obstore"


def test_a_store_that_wants_what_obstore_does_not_send_is_left_to_boto3(troubled):
    """As a bucket with a default retention does, which wants Content-MD5."""
    troubled.trouble = lambda request, number: None if "content-md5" in request.headers else (400, "InvalidRequest")
    store = open_with(ObstoreStore, troubled)
    store.engine_reason = "it is fast"
    assert (put(store).etag_is_md5, store.engine) == (True, "boto3")
    put(store)
    assert len(troubled.requests) == 3
    assert store.engine_reason == "obstore did not manage: the store answered 400 InvalidRequest"


def signs_for_itself(files):
    """Put a certificate there as administrators make them: its own CA and the server's at once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files.cert.write_bytes(made)
    files.ca.write_bytes(made)


def test_a_certificate_that_only_boto3_trusts(tmp_path):
    signs_for_itself(make_certificates(tmp_path / "tls"))
    with TroubledS3(tmp_path) as server:
        store = open_with(ObstoreStore, server)
        assert put(store).etag_is_md5
        assert (store.engine, store.engine_reason) == ("boto3", "obstore did not manage: TLS failed (CaUsedAsEndEntity)")


def test_certificates_need_not_be_valid_where_that_is_said(troubled, kind):
    store = open_with(kind, troubled, ca_path=None, validate_certs=False)
    put(store)
    assert store.engine == ("boto3" if kind is BotoStore else "obstore")


def test_an_answer_without_an_etag_is_left_to_boto3(troubled):
    store = open_with(ObstoreStore, troubled)
    troubled.says = {"x-amz-meta-bad": "\xe4"}
    put(store, "a", b"1")
    assert store.read("a").size == 1
    assert store.engine == "obstore"


# -- proofs


def test_a_wrong_etag_is_asked_about_once(troubled, kind):
    troubled.trouble = lambda request, number: LIE
    store = open_with(kind, troubled)
    assert put(store)[:2] == (WRONG, True)
    troubled.says = {"x-amz-server-side-encryption": "aws:kms"}
    assert put(store)[:2] == (WRONG, False)
