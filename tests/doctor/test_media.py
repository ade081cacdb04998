# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps visitors from media that are in a bucket that they should see, or keeps media out of it."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from cryptography import x509

from ansible_collections.mediastore.s3.plugins.filter.public_read_policy import public_read_policy
from ansible_collections.mediastore.s3.tests.doctor.planting import does, examined, healthy, planted
from ansible_collections.mediastore.s3.tests.doctor.site import EVERYBODY, KEYS, Bucket
from ansible_collections.mediastore.s3.tests.servers.nginx import Nginx
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


def test_public_media_behind_a_cache_are_fine(site):
    healthy("public", site.asks())
    # and out of the cache
    healthy("cached", site.asks(url=f"{site.nginx.url}/{KEYS[0]}"))
    unknown = {"public_url": "", "page_url": ""}
    healthy("at_another_host", site.asks(unknown, url=f"{site.nginx.url}/{KEYS[0]}"))
    signed = site.client.generate_presigned_url("get_object", {"Bucket": site.name, "Key": KEYS[0]})
    healthy("signed", site.asks({"expect": "private"}, url=signed))
    healthy("at_the_store", site.asks({"public_url": "", "page_url": ""}))


@planted("denied", "T31", "34")
def test_the_bucket_is_closed(site):
    site.open(False)
    found = yield site.asks()
    does(found, "public_read_policy")
    site.open(True)
    yield site.fresh()


@planted("denied_by_policy", "T31")
def test_the_policy_denies(site):
    policy = public_read_policy(site.name)
    owner = {"AWS": ["arn:aws:iam:::user/admin"]}
    deny = {
        "Sid": "Closed",
        "Effect": "Deny",
        "NotPrincipal": owner,
        "Action": "s3:Get*",
        "Resource": f"arn:aws:s3:::{site.name}/*",
    }
    site.made("bucket_policy", policy={**policy, "Statement": [*policy["Statement"], deny]})
    found = yield site.asks({"page_url": ""})
    does(found, "Take the statement Closed out of the bucket's policy")
    site.made("bucket_policy", policy=policy)
    yield site.fresh()


@planted("denied_by_block", "T31", "33")
def test_the_public_access_block_makes_the_acls_void(site):
    site.open(False)
    for key in KEYS:
        site.client.put_object_acl(Bucket=site.name, Key=key, ACL="public-read")
    healthy("acls", site.asks())
    site.nginx.forget()
    block = dict.fromkeys(["block_public_acls", "block_public_policy", "restrict_public_buckets"], False)
    site.made("bucket", public_access_block={**block, "ignore_public_acls": True})
    found = yield site.asks()
    does(found, "Set ignore_public_acls of its public_access_block to false")
    site.made("bucket", public_access_block={**block, "ignore_public_acls": False})
    yield site.fresh()


@planted("denied_by_acl", "T31", "34")
def test_the_acl_was_omitted(site):
    site.open(False)
    for key in KEYS[1:]:
        site.client.put_object_acl(Bucket=site.name, Key=key, ACL="public-read")
    found = yield site.asks()
    assert found["count"] == 1 and KEYS[0] in found["seen"][0]
    does(found, "Give the objects the ACL public-read")
    site.client.put_object_acl(Bucket=site.name, Key=KEYS[0], ACL="public-read")
    yield site.fresh()


@planted("not_copied", "T30", "35")
def test_a_file_was_missed_by_the_copy(site):
    site.delete(KEYS[2])
    found = yield site.asks()
    does(found, "Copy once more", "still in the directory")
    site.made("sync", path=str(site.files))
    yield site.fresh()


@planted("in_backup", "T30", "35")
def test_a_file_is_only_in_the_backup(site):
    backup = site.files.with_name("system.before-s3")
    site.files.rename(backup)
    site.delete(KEYS[2])
    found = yield site.asks(keys=KEYS)
    does(found, f"Copy it from {backup} into the bucket (mediastore.s3.sync")
    site.made("sync", path=str(backup))
    site.nginx.forget()
    yield site.asks(keys=KEYS)


@planted("in_backup", "T30", "35")
def test_a_file_is_only_in_the_backup_that_the_migration_knows(site, tmp_path):
    state = {"name": "media", "state_dir": str(tmp_path / "state")}
    done = run_module(
        "migration", {**state, "path": str(site.files), "stage": "synced", "bucket": site.name, "figures": {"files": 4}}
    )
    assert not done.get("failed"), done
    backup = site.files.with_name("system.before-s3")
    site.files.rename(backup)
    site.delete(KEYS[2])
    asked = site.asks({"path": ""}, keys=KEYS, migrations=[state])
    found = yield asked
    does(found, f"Copy it from {backup} into the bucket (mediastore.s3.sync")
    site.made("sync", path=str(backup))
    site.nginx.forget()
    yield asked


@planted("in_other_bucket", "26", "35")
def test_an_object_is_in_another_bucket(ceph, site):
    other = Bucket(ceph)
    other.put(KEYS[2], site.body(KEYS[2]))
    site.delete(KEYS[2])
    shutil.rmtree(site.files)
    both = [site.ward, other.ward]
    found = yield site.asks(url=f"{site.nginx.url}/{KEYS[2]}", buckets=both)
    does(found, "copy it from there (mediastore.s3.bucket_copy)", other.name)
    site.made("bucket_copy", source={"bucket": other.name})
    site.nginx.forget()
    yield site.asks(url=f"{site.nginx.url}/{KEYS[2]}", buckets=both)
    other.close()


@planted("missing", "13", "35")
def test_an_object_was_deleted(site):
    body = site.body(KEYS[2])
    site.delete(KEYS[2])
    (site.files / KEYS[2]).unlink()
    found = yield site.asks(keys=KEYS)
    does(found, "restore it from a backup")
    site.put(KEYS[2], body)
    site.nginx.forget()
    yield site.asks(keys=KEYS)


@planted("wrong_root", "T29")
def test_the_media_are_one_folder_too_deep(site):
    for key in KEYS:
        site.delete(key)
        site.put(f"public/system/{key}", site.body(key))
    found = yield site.asks()
    does(found, "Copy them again from the directory that has these folders")
    site.made("sync", path=str(site.files))
    site.delete(*(f"public/system/{key}" for key in KEYS))
    yield site.fresh()


@planted("truncated", "22", "32")
def test_an_object_was_cut_off(site):
    site.put(KEYS[1], site.body(KEYS[1])[:500])
    found = yield site.asks()
    does(found, f"Copy it again from {site.files} (mediastore.s3.sync")
    site.made("sync", path=str(site.files))
    yield site.fresh()


@planted("content_type")
def test_a_type_is_wrong(site):
    site.put(KEYS[0], site.body(KEYS[0]), ContentType="application/octet-stream")
    found = yield site.asks()
    does(found, "Have the objects carry their type")
    site.put(KEYS[0], site.body(KEYS[0]))
    yield site.fresh()


@planted("cors", "36")
def test_no_rule_lets_scripts_read(site):
    site.made("cors", state="absent")
    found = yield site.asks()
    does(found, "by rules of the bucket (mediastore.s3.cors)")
    site.made("cors", rules=EVERYBODY)
    yield site.fresh()


@planted("cors", "36")
def test_scripts_of_another_site_may_read(site):
    site.nginx.set(cors="add_header Access-Control-Allow-Origin https://old.example.org;")
    found = yield site.asks()
    does(found, "or by the server in front of it")
    site.nginx.set(cors="add_header Access-Control-Allow-Origin *;")
    yield site.fresh()


@planted("csp", "36")
def test_the_page_forbids_the_media_host(site):
    good = "default-src 'self'"
    site.nginx.set(page="default-src 'self'; img-src https://old.example.org; media-src 'self'")
    found = yield site.asks()
    does(found, "Have the page's Content-Security-Policy allow the media host")
    site.nginx.set(page=good)
    yield site.fresh()


@planted("wrong_address", "36", "38")
def test_the_application_names_the_old_host(site):
    site.nginx.set(links=f'{{"avatar": "https://old.example.org/{KEYS[0]}"}}')
    ward = {"links_url": f"{site.nginx.url}/links"}
    found = yield site.asks(ward)
    does(found, "correct its settings")
    site.nginx.set(links=f'{{"avatar": "{site.nginx.url}/{KEYS[0]}"}}')
    yield site.asks(ward)


@planted("wrong_address", "T27", "T28")
def test_the_broken_address_is_that_of_something_else(site):
    site.nginx.set(links="{}")
    found = yield site.asks(url=f"{site.nginx.url}/elsewhere/{KEYS[0]}")
    assert f"its address is {site.nginx.url}/{KEYS[0]}" in found["seen"][0]
    does(found, "correct its settings")
    yield site.asks(url=f"{site.nginx.url}/{KEYS[0]}")


@planted("wrong_place", "T29")
def test_the_media_host_leads_to_another_folder(site):
    behind = f"{site.server.endpoint_url}/{site.name}"
    site.nginx.set(behind=f"{behind}/system/")
    found = yield site.asks()
    does(found, "in nginx the address behind proxy_pass")
    site.nginx.set(behind=f"{behind}/")
    yield site.fresh()


@planted("cached_error", "37")
def test_the_cache_keeps_an_error(site):
    site.nginx.set(errors="proxy_cache_valid 403 404 1h;")
    site.delete(KEYS[0])
    examined(site.asks(keys=KEYS))
    site.put(KEYS[0], site.body(KEYS[0]))
    found = yield site.asks()
    does(found, "empty its cache_path", "proxy_cache_valid")
    site.nginx.set(errors="proxy_cache_valid 403 404 1s;")
    yield site.fresh()


@planted("unavailable", "37")
def test_the_media_host_does_not_reach_the_store(site):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        site.nginx.set(behind=f"http://127.0.0.1:{closed.getsockname()[1]}/")
        found = yield site.asks()
    does(found, "does not reach the store: see its log")
    assert "Connection refused" in (site.nginx.directory / "nginx.log").read_text()
    site.nginx.set(behind=f"{site.server.endpoint_url}/{site.name}/")
    yield site.fresh()


@planted("no_answer")
def test_the_media_host_is_down(site):
    site.nginx.stop()
    found = yield site.asks({"page_url": ""})
    does(found, "check its server")
    site.nginx.start()
    yield site.asks({"page_url": ""})


@planted("redirect")
def test_the_media_host_goes_round_in_circles(site):
    site.nginx.set(instead="return 301 $request_uri;")
    found = yield site.asks()
    does(found, "the redirects of the server in front of it")
    site.nginx.set(instead="")
    yield site.fresh()


@planted("busy", "40")
def test_the_media_host_asks_for_fewer_requests(site):
    site.nginx.set(instead="return 503;")
    found = yield site.asks()
    does(found, "put a cache in front, or ask the provider for more")
    site.nginx.set(instead="")
    yield site.fresh()


@planted("unexpected")
def test_the_media_host_answers_what_no_store_answers(site):
    site.nginx.set(instead="return 418;")
    found = yield site.asks()
    does(found, "See the log of the media host's server")
    site.nginx.set(instead="")
    yield site.fresh()


@planted("page")
def test_the_page_is_not_there(site):
    found = yield site.asks({"page_url": f"{site.nginx.url}/no-page"})
    does(found, "Name an address of it that this host reaches")
    yield site.asks()


@planted("other_content")
def test_the_application_answers_at_the_media_host(site):
    site.nginx.set(instead='default_type image/png; return 200 "<html>sign in</html>";')
    found = yield site.asks({"page_url": ""})
    does(found, "correct the media host, or what is in front of it")
    site.nginx.set(instead="")
    yield site.fresh()


def with_a_certificate(site, tmp_path, **options):
    """Let the media host speak TLS, and say what one has to trust then."""
    made = make_certificates(tmp_path / f"tls-{len(options)}", **options)
    site.nginx.set(tls=made)
    trust = tmp_path / f"trust-{len(options)}.pem"
    trust.write_text(made.ca.read_text() + Path(site.server.ca_path).read_text())
    return {"public_url": site.nginx.url, "page_url": ""}, {"ca_path": str(trust)}


@planted("insecure")
def test_a_secure_page_with_media_that_are_not(site, tmp_path):
    page, trust = with_a_certificate(site, tmp_path)
    site.nginx.set(page="")
    plain = Nginx(tmp_path / "plain", f"{site.server.endpoint_url}/{site.name}", site.server.ca_path)
    with plain:
        found = yield site.asks({**page, "page_url": f"{site.nginx.url}/page", "public_url": plain.url}, **trust)
        does(found, "give the media host a certificate, and the application its https address")
        yield site.asks({**page, "page_url": f"{site.nginx.url}/page"}, **trust)


@planted("certificate_name", "T28")
def test_the_certificate_of_the_media_host_is_for_another_name(site, tmp_path):
    ward, trust = with_a_certificate(site, tmp_path, names=(x509.DNSName("other.example.org"),))
    found = yield site.asks(ward, **trust)
    does(found, "Give the media host a certificate for its own name")
    ward, trust = with_a_certificate(site, tmp_path)
    yield site.asks(ward, **trust)


@planted("certificate_expired", "T28")
def test_the_certificate_of_the_media_host_has_expired(site, tmp_path):
    ward, trust = with_a_certificate(site, tmp_path, expired=True)
    found = yield site.asks(ward, **trust)
    does(found, "Renew the certificate of the media host")
    ward, trust = with_a_certificate(site, tmp_path)
    yield site.asks(ward, **trust)


@planted("certificate_unknown", "T28")
def test_nobody_knows_the_authority_of_the_media_host(site, tmp_path):
    ward, trust = with_a_certificate(site, tmp_path)
    found = yield site.asks(ward)
    does(found, "name it in ca_path")
    yield site.asks(ward, **trust)


@planted("bucket_dot", "T28")
def test_the_bucket_has_a_dot(ceph, site, tmp_path):
    made = make_certificates(tmp_path / "wild", names=(x509.DNSName("*.s3.example.org"), x509.DNSName("s3.example.org")))
    trust = tmp_path / "wild.pem"
    trust.write_text(made.ca.read_text() + Path(ceph.ca_path).read_text())
    bucket = Bucket(ceph, name="my.media.example", expect="public_read")
    bucket.made("bucket_policy", policy=public_read_policy(bucket.name))
    bucket.put(KEYS[0], b"x")
    site.nginx.set(tls=made, behind=f"{ceph.endpoint_url}/{bucket.name}/")
    place = site.nginx.url.rpartition("/")[2]
    hosts = {"connect_to": {f"{bucket.name}.s3.example.org": place, "s3.example.org": place}, "ca_path": str(trust)}
    found = yield bucket.asks({"public_url": f"https://{bucket.name}.s3.example.org"}, **hosts)
    does(found, "Set addressing_style to path")
    site.nginx.set(behind=f"{ceph.endpoint_url}/")
    yield bucket.asks({"public_url": f"https://s3.example.org/{bucket.name}"}, **hosts)
    bucket.close()


@planted("bucket_dot", "T27", "T28")
def test_an_address_of_a_bucket_of_which_nothing_else_is_known(site, tmp_path):
    made = make_certificates(tmp_path / "wild", names=(x509.DNSName("*.s3.example.org"), x509.DNSName("s3.example.org")))
    site.nginx.set(tls=made)
    place = site.nginx.url.rpartition("/")[2]
    hosts = {"connect_to": {"my.media.s3.example.org": place, "s3.example.org": place}, "ca_path": str(made.ca)}
    found = yield {"url": f"https://my.media.s3.example.org/{KEYS[0]}", **hosts}
    does(found, "Set addressing_style to path")
    yield {"url": f"https://s3.example.org/{KEYS[0]}", **hosts}


@planted("no_bucket", "T27", "T32")
def test_an_address_of_a_bucket_that_is_not_there(site):
    right = f"{site.server.endpoint_url}/{site.name}/{KEYS[0]}"
    found = yield {"url": right.replace(site.name, "nobody-has-this"), "ca_path": site.server.ca_path}
    does(found, "Correct the name of the bucket in the address")
    yield {"url": right, "ca_path": site.server.ca_path}


@planted("denied", "T27", "T31")
def test_an_address_of_an_object_that_is_closed(site):
    site.open(False)
    asked = {"url": f"{site.server.endpoint_url}/{site.name}/{KEYS[0]}", "ca_path": site.server.ca_path}
    found = yield asked
    does(found, "Let everybody read")
    site.open(True)
    yield asked


@planted("name", "T27", "T28")
def test_an_address_whose_host_is_nowhere(site):
    found = yield {"url": f"https://media.example.invalid/{KEYS[0]}"}
    does(found, "Let the name of the media host lead to the store or its proxy")
    place = site.nginx.url.rpartition("/")[2]
    yield {"url": f"http://media.example.invalid/{KEYS[0]}", "connect_to": {"media.example.invalid": place}}


def test_what_cannot_be_meant_is_refused(site):
    for changed, words in (
        ({"url": "media.example.org"}, "url is no address"),
        ({"sample": 0}, "sample is 0"),
        ({"buckets": [{"name": "Not A Bucket"}]}, "Not A Bucket"),
        ({"buckets": [{"name": "media", "links_url": "https://a.example.org"}]}, "links_url is given without key_pattern"),
        ({"buckets": [{"name": "media", "key_pattern": "("}]}, "key_pattern is no regular expression"),
    ):
        failed = run_module("doctor", site.asks(**changed))
        assert failed["failed"] and words in failed["msg"]
