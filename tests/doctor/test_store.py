# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps this host from the store, or its key from the bucket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from cryptography import x509

from ansible_collections.mediastore.s3.plugins.filter.app_policy import app_policy
from ansible_collections.mediastore.s3.tests.doctor.planting import does, healthy, planted
from ansible_collections.mediastore.s3.tests.doctor.site import Bucket
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.servers.tlsproxy import TlsProxy

TESTS = Path(__file__).parents[1]


def test_a_private_bucket_is_fine(private):
    healthy("private", private.asks(app_checksums="when_required"))


@planted("name", "T32")
def test_the_host_of_the_store_is_misspelt(private):
    found = yield private.asks(endpoint_url="https://s3.example.invalid")
    does(found, "Correct the host in endpoint_url")
    yield private.asks()


@planted("no_answer")
def test_the_store_is_down(rclone):
    bucket = Bucket(rclone)
    rclone.stop()
    found = yield bucket.asks()
    does(found, "Start the store")
    rclone.port = int(bucket.connection["endpoint_url"].rpartition(":")[2])
    rclone.start()
    yield bucket.asks()


@planted("no_answer")
def test_the_port_is_wrong(private):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        found = yield private.asks(endpoint_url=f"https://127.0.0.1:{closed.getsockname()[1]}")
    does(found, "correct the port in endpoint_url")
    yield private.asks()


@planted("tls", "T28", "8")
def test_https_where_there_is_none(rclone):
    bucket = Bucket(rclone)
    found = yield bucket.asks(endpoint_url=rclone.endpoint_url.replace("http:", "https:"))
    does(found, "Write endpoint_url with http://")
    yield bucket.asks()


def behind_tls(rclone, tmp_path, port=0, **options):
    """The store with a certificate, and the options that a client needs for it."""
    made = make_certificates(tmp_path / f"certificates-{len(options)}", **options)
    proxy = TlsProxy(made, int(rclone.endpoint_url.rpartition(":")[2]), port).start()
    return proxy, {"endpoint_url": proxy.url, "ca_path": str(made.ca)}


@planted("certificate_name", "T28")
def test_the_certificate_of_the_store_is_for_another_name(rclone, tmp_path):
    bucket = Bucket(rclone)
    proxy, where = behind_tls(rclone, tmp_path, names=(x509.DNSName("s3.example.org"),))
    found = yield bucket.asks(**where)
    does(found, "give the store a certificate for this name")
    proxy.stop()
    proxy, where = behind_tls(rclone, tmp_path, proxy.port)
    yield bucket.asks(**where)
    proxy.stop()


@planted("certificate_expired", "T28")
def test_the_certificate_of_the_store_has_expired(rclone, tmp_path):
    bucket = Bucket(rclone)
    proxy, where = behind_tls(rclone, tmp_path, expired=True)
    found = yield bucket.asks(**where)
    does(found, "Renew the certificate")
    proxy.stop()
    proxy, where = behind_tls(rclone, tmp_path, proxy.port)
    yield bucket.asks(**where)
    proxy.stop()


@planted("certificate_unknown", "T28")
def test_the_authority_of_the_store_is_unknown(private):
    found = yield private.asks(ca_path=None)
    does(found, "Set ca_path")
    yield private.asks()


@planted("not_s3", "T32")
def test_the_address_is_that_of_the_console(private, site):
    site.nginx.set(instead='default_type text/html; return 200 "<html>a console</html>";')
    found = yield private.asks(endpoint_url=site.nginx.url)
    does(found, "Set endpoint_url to the store's S3 interface")
    yield private.asks()


@planted("store_error")
def test_what_stands_before_the_store_fails(private, site):
    site.nginx.set(instead="return 500;")
    found = yield private.asks(endpoint_url=site.nginx.url)
    does(found, "Look into the store's log")
    assert "500" in found["seen"][0]
    yield private.asks()


@planted("refused")
def test_what_stands_before_the_store_refuses(private, site):
    site.nginx.set(instead='default_type text/plain; return 409 "not now";')
    found = yield private.asks(endpoint_url=site.nginx.url)
    assert "409" in found["seen"][0]
    does(found, "Look into the store's log for the reason")
    yield private.asks()


@planted("endpoint_bucket", "41")
def test_the_bucket_is_in_the_endpoint(private):
    found = yield private.asks(endpoint_url=f"{private.connection['endpoint_url']}/{private.name}")
    does(found, f"Set endpoint_url to {private.connection['endpoint_url']}, ")
    yield private.asks(**found["settings"])


@planted("clock")
def test_the_clock_is_wrong(private, tmp_path):
    subprocess.run(
        [TESTS / "utils/compile.sh", TESTS / "chaos/setclock.c", tmp_path / "clock.so", "-shared", "-fPIC"], check=True
    )

    def with_the_clock(wrong_s):
        (tmp_path / "clock").write_bytes(wrong_s.to_bytes(8, sys.byteorder, signed=True))
        code = (
            "import json,sys; from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module as run;"
            "print(json.dumps(run('doctor', json.load(sys.stdin))))"
        )
        clock = {"LD_PRELOAD": str(tmp_path / "clock.so"), "SETCLOCK": str(tmp_path / "clock")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(private.asks()),
            env={**os.environ, **clock},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    found = yield lambda: with_the_clock(-3600)
    assert "3600 s behind" in found["seen"][0] or "3599 s behind" in found["seen"][0]
    does(found, "Set the clock")
    yield lambda: with_the_clock(0)


@planted("addressing")
def test_the_bucket_is_put_before_the_host(private):
    endpoint = private.connection["endpoint_url"].replace("127.0.0.1", "localhost")
    found = yield private.asks(endpoint_url=endpoint, addressing_style="virtual")
    does(found, "Set addressing_style to path.")
    yield private.asks(endpoint_url=endpoint, **found["settings"])


@planted("addressing")
def test_the_bucket_is_put_before_an_address(private):
    found = yield private.asks(addressing_style="virtual")
    does(found, "Set addressing_style to path.")
    yield private.asks(**found["settings"])


@planted("no_bucket", "T32")
def test_the_bucket_is_misspelt(private):
    found = yield private.asks({"name": f"{private.name[:-1]}-x"})
    does(found, f"Correct the name of the bucket to {private.name}, or make it")
    yield private.asks()


@planted("key_unknown", "T32")
def test_the_key_is_unknown(private):
    found = yield private.asks(access_key="AKIANOBODYKNOWSTHIS0")
    does(found, "Correct access_key")
    yield private.asks()


@planted("secret", "T32")
def test_the_secret_is_wrong(private):
    found = yield private.asks(secret_key="not-the-secret-of-anybody")
    does(found, "Correct secret_key")
    yield private.asks()


@planted("key_denied", "T31", "27")
def test_the_key_may_not_list(ceph, private):
    other = {name: ceph.other[name] for name in ("access_key", "secret_key")}
    found = yield private.asks(**other)
    does(found, "Grant the key to list", private.name)
    private.made("bucket_policy", policy=app_policy(private.name, "zulip_uploads", ["arn:aws:iam:::user/other"]))
    yield private.asks(**other)


@planted("key_denied", "T31")
def test_the_key_may_list_and_not_read(ceph, private):
    other = {name: ceph.other[name] for name in ("access_key", "secret_key")}
    who, bucket = {"AWS": ["arn:aws:iam:::user/other"]}, f"arn:aws:s3:::{private.name}"
    listing = {"Effect": "Allow", "Principal": who, "Action": ["s3:ListBucket"], "Resource": [bucket]}
    private.made("bucket_policy", policy={"Version": "2012-10-17", "Statement": [listing]})
    found = yield private.asks(**other)
    does(found, "Grant the key to read", private.name)
    reading = {**listing, "Action": ["s3:GetObject"], "Resource": [f"{bucket}/*"]}
    private.made("bucket_policy", policy={"Version": "2012-10-17", "Statement": [listing, reading]})
    yield private.asks(**other)


@planted("checksums", "20", "21")
def test_the_library_of_the_application_sends_checksums(private):
    found = yield private.asks(app_checksums="when_supported")
    does(found, "AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    yield private.asks(app_checksums="when_required")


@planted("listable", "42")
def test_everybody_can_list_a_private_bucket(private):
    private.made("bucket", acl="public-read")
    found = yield private.asks()
    does(found, "set its acl to private")
    private.made("bucket", acl="private")
    yield private.asks()


@planted("readable", "42")
def test_everybody_can_read_a_private_bucket(private):
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{private.name}/*"}
    private.made("bucket_policy", policy={"Version": "2012-10-17", "Statement": [everybody]})
    found = yield private.asks()
    does(found, "Take out of its policy what lets everybody in")
    private.made("bucket_policy", state="absent")
    yield private.asks()


@planted("expiring")
def test_a_rule_deletes_media(private):
    private.made(
        "lifecycle", rules=[{"id": "tidy", "expiration_days": 30}, {"id": "parts", "abort_incomplete_multipart_upload_days": 1}]
    )
    found = yield private.asks()
    does(found, "Remove the rule tidy")
    private.made("lifecycle", rules=[{"id": "parts", "abort_incomplete_multipart_upload_days": 1}])
    yield private.asks()


def test_a_rule_that_is_meant_is_fine(private):
    rules = [
        {"id": "exports", "expiration_days": 30, "prefix": "local_content/"},
        {"id": "tmp", "prefix": "tmp/", "expiration_days": 1},
    ]
    private.made("lifecycle", rules=rules)
    healthy("meant", private.asks({"lifecycle": rules[:1]}))


@planted("content_type")
def test_a_private_object_without_its_type(private):
    private.put("local_content/ab/cd/ef.png", b"private", ContentType="text/html")
    found = yield private.asks()
    does(found, "Have the objects carry their type")
    private.put("local_content/ab/cd/ef.png", b"private")
    yield private.asks()


def test_nothing_at_all_is_fine(private):
    healthy("store", {name: value for name, value in private.asks().items() if name != "buckets"})
