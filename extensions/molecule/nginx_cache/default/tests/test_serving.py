# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for comes whole, the store is asked as little as can be, and a store that is away is hardly missed."""

from __future__ import annotations

import json
import time
from typing import NamedTuple

import pytest

from ansible_collections.mediastore.s3.extensions.molecule.nginx_cache.default.tests.site import (
    GATE,
    MIB,
    STORE,
    WEB,
    get,
    masters,
    media,
    noted,
    put,
    put_keys,
    run,
    stopped,
    store_is_at,
    wait,
)

MODES = ("chat", "social", "vault")
BUCKETS = {mode: f"{mode}-media" for mode in MODES}
#: the default; the cache vault has 1 MiB
SLICE = 5 * MIB
#: after which what the cache vault holds is over its time (valid: 3s): nginx counts whole seconds, and the last one too
OVER = 4.5

#: asks for one object as often as it is told, all at once, and prints how often each status and digest came
STAMPEDE = """
import collections, hashlib, http.client, json, sys, threading
times, path = int(sys.argv[1]), sys.argv[2]
found, gate = collections.Counter(), threading.Barrier(times)
def ask():
    line = http.client.HTTPConnection("127.0.0.1", 8081, timeout=60)
    line.connect()
    gate.wait()
    line.request("GET", path, headers={"Host": "vault.example.org"})
    answer = line.getresponse()
    found[f"{answer.status} {hashlib.sha256(answer.read()).hexdigest()}"] += 1
threads = [threading.Thread(target=ask) for _ in range(times)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(found))
"""


@pytest.mark.parametrize("mode", MODES)
def test_the_second_time_it_comes_from_the_cache(mode):
    digests = put(BUCKETS[mode], photo=200_000)
    noted()
    first, second = media(mode, "photo.jpg"), media(mode, "photo.jpg")
    assert [first.status, second.status] == [200, 200]
    assert [first.cache, second.cache] == ["MISS", "HIT"]
    assert first.digest == second.digest == digests["photo.jpg"]
    assert first.headers["content-type"] == "image/jpeg" and first.headers["etag"] == second.headers["etag"]
    (asked,) = noted()
    assert asked["sni"] == asked["host"], "a store with many names needs to know which one is meant (SNI)"
    head = media(mode, "photo.jpg", "--head")
    assert (head.status, head.headers["content-length"], head.body, noted()) == (200, "200000", b"", [])


@pytest.mark.parametrize("mode", MODES)
def test_names_and_sizes_that_are_special(mode):
    key = "album one/été 100%, (b)+c.jpg"
    digests = put_keys(BUCKETS[mode], {key: 1000, "empty.jpg": 0})
    encoded = "album%20one/%C3%A9t%C3%A9%20100%25%2C%20(b)%2Bc.jpg"
    assert media(mode, encoded).digest == digests[key]
    for _time in range(2):
        empty = media(mode, "empty.jpg")
        assert (empty.status, empty.headers["content-length"]) == (200, "0")
    assert media(mode, "empty.jpg", "-r", "5-9").status == 416
    assert media(mode, "missing.jpg").status == 404


@pytest.mark.parametrize("mode", MODES)
def test_a_part_of_a_video_fetches_only_its_slices(mode):
    size = MIB if mode == "vault" else SLICE
    digests = put(BUCKETS[mode], video=64 * MIB)
    noted()
    part = media(mode, "video.jpg", "-r", f"{6 * size + 10}-{6 * size + 109}")
    assert (part.status, len(part.body)) == (206, 100)
    assert part.headers["content-range"] == f"bytes {6 * size + 10}-{6 * size + 109}/{64 * MIB}"
    assert [asked["range"] for asked in noted()] == [f"bytes={6 * size}-{7 * size - 1}"]
    across = media(mode, "video.jpg", "-r", f"{7 * size - 5}-{7 * size + 4}")
    assert len(across.body) == 10 and across.body[:5] != across.body[5:]
    assert [asked["range"] for asked in noted()] == [f"bytes={7 * size}-{8 * size - 1}"], "the one before it was there"
    assert media(mode, "video.jpg", "-r", f"{64 * MIB}-").status == 416
    assert len(noted()) <= 1
    if mode != "vault":
        assert media(mode, "video.jpg").digest == digests["video.jpg"]
        assert len(noted()) == 13 - 2


def test_who_asks_for_a_part_at_the_end_without_a_length():
    """As players do for the index of a film."""
    put("social-media", film=7 * MIB)
    assert len(media("social", "film.jpg", "-r", "-100").body) == 100
    assert len(media("social", "film.jpg", "-r", "5242880-").body) == 7 * MIB - 5242880


def test_a_stampede_for_a_cold_object_is_one_request_for_each_slice():
    digest = put("vault-media", stampede=3 * MIB - 7)["stampede.jpg"]
    noted()
    found = json.loads(run(WEB, "python3", "-c", STAMPEDE, "200", "/stampede.jpg"))
    assert found == {f"200 {digest}": 200}
    assert sorted(asked["range"] for asked in noted()) == [f"bytes={n * MIB}-{(n + 1) * MIB - 1}" for n in range(3)]


def test_what_the_store_says_of_caching_is_not_what_decides():
    """The objects say no-store, as some clients store them; the cache says for how long, and the site what browsers do."""
    put("social-media", photo=1000)
    assert media("social", "photo.jpg").headers["cache-control"] == "public, max-age=31536000, immutable"
    put("chat-media", photo=1000)
    assert media("chat", "photo.jpg").headers["cache-control"] == "private, immutable", "the application's"


def test_after_its_time_an_object_is_asked_for_again_and_sent_only_if_it_has_changed():
    digest = put("vault-media", fresh=1000)["fresh.jpg"]
    etag = media("vault", "fresh.jpg").headers["etag"]
    noted()
    time.sleep(OVER)
    again = media("vault", "fresh.jpg")
    assert (again.cache, again.digest) == ("REVALIDATED", digest)
    (asked,) = noted()
    assert (asked["seen"], asked["status"]) == (etag, 304)


@pytest.mark.parametrize("hanging", [False, True], ids=["gone", "silent"])
def test_without_the_store_what_is_cached_is_served_and_the_rest_fails_in_time(hanging):
    other = f"other-{hanging}.jpg"
    digests = {mode: put_keys(BUCKETS[mode], {"kept.jpg": 300_000, other: 1000}) for mode in MODES}
    for mode in MODES:
        assert media(mode, "kept.jpg").status == 200
    serving = masters()
    with stopped(STORE, hanging=hanging):
        for mode in MODES:
            kept = media(mode, "kept.jpg")
            assert (kept.status, kept.digest) == (200, digests[mode]["kept.jpg"])
        for mode in ("chat", "social"):
            failed = media(mode, other)
            assert failed.status in (502, 504) and failed.seconds < 10, failed
        time.sleep(OVER)
        stale = media("vault", "kept.jpg")
        assert (stale.status, stale.cache, stale.digest) == (200, "STALE", digests["vault"]["kept.jpg"]), "its time was over"
    for mode in MODES:
        wait(lambda mode=mode: media(mode, other).digest == digests[mode][other], 5, "the store is back")
    assert masters() == serving, "without a reload"


def test_the_stores_new_address_is_followed_within_the_time_that_was_said():
    """It is there at another address and gone at the old one, and nobody tells nginx but the DNS server."""
    put("vault-media", **{f"before{n}": 1000 for n in range(3)}, **{f"after{n}": 1000 for n in range(100)})
    assert media("vault", "before0.jpg").status == 200
    serving = masters()
    names = (f"after{n}.jpg" for n in range(100))
    try:
        store_is_at(GATE)
        with stopped(STORE):
            took = wait(lambda: media("vault", next(names)).status == 200, 10, "nginx has found the new address")
        print(f"the new address was followed after {took:.1f} s (valid=2s)")
        assert took < 5
        assert noted(GATE) and masters() == serving
    finally:
        store_is_at(STORE)
    wait(lambda: media("vault", next(names)).status == 200 and noted(), 10, "and back again")


def test_the_disk_stays_within_its_size():
    """Nginx looks every ten seconds whether there is too much: measured while three times as much comes, and after that."""
    limit, count = 20 * MIB, 60
    used = "du -sb /var/lib/nginx/mediastore/vault | cut -f1"
    put("vault-media", **{f"fill{n}": MIB for n in range(count)})
    most = 0
    for n in range(count):
        assert media("vault", f"fill{n}.jpg").status == 200
        most = max(most, int(run(WEB, "sh", "-c", used)))
        time.sleep(0.15)
    took = wait(lambda: int(run(WEB, "sh", "-c", used)) <= 1.1 * limit, 11, "the disk use is within 10 % of its limit")
    settled = int(run(WEB, "sh", "-c", used))
    print(f"limit {limit} bytes; at most {most} while 60 MiB came, {settled} after another {took:.1f} s")
    assert settled <= 1.1 * limit


#: what the kernel has counted for each worker, in ns
WORKERS = "cat $(pgrep -f '^nginx: worker' | sed 's,.*,/proc/&/schedstat,')"


class Served(NamedTuple):
    """A second of requests."""

    rate: float
    p99: str
    #: processor time of nginx for one request
    cost_us: float


def serve(url: str, host: str) -> Served:
    before = processor_ns()
    lines = run(WEB, "wrk", "-t1", "-c16", "-d1s", "--latency", "-H", f"Host: {host}", url).decode().splitlines()
    spent_ns = processor_ns() - before
    assert not [line for line in lines if "Non-2xx" in line or "Socket errors" in line], lines
    count = next(int(line.split()[0]) for line in lines if " requests in " in line)
    rate = next(float(line.split()[1]) for line in lines if line.startswith("Requests/sec"))
    return Served(rate, next(line.split()[1] for line in lines if line.split()[:1] == ["99%"]), spent_ns / count / 1000)


def processor_ns() -> int:
    return sum(int(line.split()[0]) for line in run(WEB, "sh", "-c", WORKERS).decode().splitlines())


def test_a_hit_is_as_cheap_as_a_file():
    """Side by side, in pairs of a second each. What else the machine does only adds to a cost, so the least counts."""
    digest = put("social-media", fast=256 * 1024)["fast.jpg"]
    body = media("social", "fast.jpg")
    assert body.digest == digest
    run(WEB, "sh", "-c", "mkdir -p /srv/static && cat > /srv/static/fast.jpg", stdin=body.body)
    asked = {"file": ("http://127.0.0.1:8090/fast.jpg", "x"), "cache": ("http://127.0.0.1:8082/fast.jpg", "plain.example.org")}
    served: dict[str, list[Served]] = {what: [] for what in asked}

    def least(what):
        return min(one.cost_us for one in served[what])

    while len(served["file"]) < 5 or (len(served["file"]) < 20 and least("cache") > 1.1 * least("file")):
        for what in sorted(asked, reverse=len(served["file"]) % 2 == 0):
            served[what].append(serve(*asked[what]))
    for what, all_of_them in served.items():
        best = max(all_of_them)
        print(f"256 KiB from the {what}: {best.rate:.0f} requests/s, p99 {best.p99}; nginx: {least(what):.0f} us for each")
    assert least("cache") <= 1.1 * least("file")


def test_the_log_tells_what_the_cache_did_and_no_signature():
    put("chat-media", logged=1000)
    for _time in range(2):
        media("chat", "logged.jpg")

    def logged():
        log = run(WEB, "cat", "/var/log/nginx/mediastore-chat.log").decode()
        return [line for line in log.splitlines() if "logged.jpg" in line]

    wait(lambda: len(logged()) == 2, 3, "both requests are in the log")
    log, lines = run(WEB, "cat", "/var/log/nginx/mediastore-chat.log").decode(), logged()
    assert "cache=MISS" in lines[0] and "cache=HIT" in lines[1] and " time=" in lines[0]
    assert "Signature" not in log and "X-Amz" not in log


def test_old_addresses_lead_to_the_new_host():
    answer = get("chat", "/system/accounts/avatars/1.png?123")
    assert (answer.status, answer.headers["location"]) == (301, "https://files.example.org/accounts/avatars/1.png")


def test_the_other_site_is_as_it_was():
    assert get("chat", "/elsewhere").status == 404
    assert run(WEB, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8090/fast.jpg") == b"200"
