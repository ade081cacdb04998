# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How sentinel works: a sample with the key, then questions without one, and what is said of the answers."""

from __future__ import annotations

import io
import json
import sys
import time
import typing as t
import zipfile
from urllib.parse import quote

from .._core.access import judge_list, judge_page
from .._core.accesswords import CLOSING
from .._core.bucketname import check_name
from .._core.errors import BadInput, MediastoreError, StoreRefused, StoreUnreachable
from .._core.retry import looks
from .._core.sentinel import (
    BLIND,
    KINDS,
    ONE_BYTE,
    PUBLIC,
    STATUS,
    UNANSWERED,
    Alarm,
    Asked,
    Finding,
    Target,
    Thing,
    gravest,
    judge_object,
    of_listings,
    of_objects,
    sentence,
    too_old,
)
from .._store.sampling import Drawn, draw, there
from .._store.stranger import Stranger, below, bucket_address, check_public_url, object_address
from .durations import seconds_of
from .job import OPTIONS, leave
from .module import StoreModule
from .telling import Number, Numbers, check_metrics_file, told

DOING = "prove that nobody without a key can read what is private"
#: options that say where and how the job is left, not what it does
ABOUT_JOB = ("job", "job_owner")
#: what a program must not know that asks as a stranger does; and what it has instead of the buckets
ABOUT_KEY = ("access_key", "secret_key", "session_token", "profile", "admin_url", "admin_token", "api", "buckets")


class Exposed(MediastoreError):
    """Something is public, or it is not known whether it is; carries the findings."""

    def __init__(self, findings: t.Sequence[Finding], result: dict[str, t.Any]) -> None:
        said, first = sentence(findings), findings[0]
        super().__init__(
            DOING, said=f"{said}, the first: {first.subject} ({first.said})", remedy=first.remedy, code=gravest(findings)
        )
        self.result = {**result, "exit_status": STATUS[gravest(findings)]}


def stand_guard(module: StoreModule) -> dict[str, t.Any]:
    """Ask now, or leave the program that will."""
    params = module.params
    ages = {name: seconds_of(params[name], name, DOING) for name in ("max_age", "remind")}
    metrics = check_metrics_file(params["metrics"], DOING)
    _check(module)
    if params["job"]:
        return _leave_job(module, ages["max_age"])
    alarm = Alarm(params["alarm"], ages["remind"]) if params["alarm"] else None
    return told(module, "sentinel", metrics, {}, lambda: _ask(module, ages["max_age"], alarm), _numbers)


def _ask(module: StoreModule, max_age_s: float, alarm: Alarm | None) -> dict[str, t.Any]:
    """Ask for everything once, and fail if anything is not as it should be."""
    now = time.time()
    given = module.params["targets"]
    sampled = module.params["sampled"] or now
    targets, failed = ([Target.from_dict(target) for target in given], []) if given else _sample(module)
    stranger = Stranger(module.connection)
    by_target = [(target, _findings(stranger, target, module.params["timeout"])) for target in targets]
    late = too_old(targets, sampled, max_age_s, now)
    findings = [finding for _target, found in by_target for finding in found] + failed + late
    findings.sort(key=lambda finding: KINDS.index(finding.kind))
    result: dict[str, t.Any] = {
        "changed": False,
        "private": not findings,
        "findings": [{**finding._asdict(), "line": finding.line} for finding in findings],
        "asked": {
            "requests": stranger.requests,
            "objects": sum(len(target.things) for target in targets),
            "places": len(targets),
        },
        "places": [_shown(target, [*found, *failed]) for target, found in by_target],
        "sampled": int(sampled),
    }
    if alarm and not module.check_mode:
        alarm.settle(findings)
    if findings:
        for finding in findings:
            module.warn(finding.line)
        raise Exposed(findings, result)
    result["summary"] = (
        f"Nobody without a key can read what is private: {len(targets)} places asked, {result['asked']['objects']} objects."
    )
    return result


def _findings(stranger: Stranger, target: Target, patience_s: float) -> list[Finding]:
    """What one target's answers come to; what is not answered is asked again for a while."""
    found: list[Finding] = []
    for _look in looks(patience_s, first_s=0.5):
        found = of_listings(target, _listings(stranger, target)) + of_objects(target, _objects(stranger, target))
        if not any(finding.kind == UNANSWERED for finding in found):
            break
    return found


def _listings(stranger: Stranger, target: Target) -> list[Asked]:
    answers = [stranger.get(url) for url in target.listings]
    asked = [Asked(judge_list(answer), answer) for answer in answers]
    if target.public_page:
        answer = stranger.get(target.public_page)
        asked.append(Asked(judge_page(answer), answer))
    return asked


def _objects(stranger: Stranger, target: Target) -> list[Asked]:
    asked = []
    for thing in target.things:
        for url, published in ((thing.url, False), (thing.public_url, True)):
            if url:
                answer = stranger.send("GET", url, ONE_BYTE)
                asked.append(Asked(judge_object(answer, thing.size, published), answer, thing.key))
    return asked


def _places(module: StoreModule) -> list[tuple[dict[str, t.Any], str]]:
    return [(bucket, prefix) for bucket in module.params["buckets"] for prefix in bucket["prefixes"] or [""]]


def _sample(module: StoreModule) -> tuple[list[Target], list[Finding]]:
    """All that is to be asked for, and what could not be found out because no sample could be taken."""
    targets, failed = [], []
    for bucket, prefix in _places(module):
        try:
            targets.append(_target(module, bucket, prefix, _draw(module, bucket, prefix)))
        except (StoreUnreachable, StoreRefused) as exc:
            # Whether it can be listed can be asked all the same.
            blind = _target(module, {**bucket, "read": False}, prefix, [])
            targets.append(blind)
            subject = f"what there is to ask for in {blind.shown} is not known"
            failed.append(Finding(UNANSWERED, blind.bucket, prefix, subject, exc.said, exc.remedy))
    return targets, failed


def _draw(module: StoreModule, bucket: dict[str, t.Any], prefix: str, old: t.Sequence[Thing] = ()) -> list[Drawn]:
    """With the key: objects to ask for; of those that are known already the ones that are still there."""
    client, connection, name, most = module.client, module.connection, bucket["name"], module.params["samples"]
    if not bucket["read"]:
        # so that the client learns where the bucket is
        draw(client, connection, name, prefix, [], 1)
        return []
    found = [there(client, connection, name, thing.key) for thing in old]
    kept = [thing for thing in found if thing and not thing.key.startswith(tuple(bucket["apart"]))][:most]
    if len(kept) < most:
        fresh = set(draw(client, connection, name, prefix, bucket["apart"], most)) - set(kept)
        kept += sorted(fresh)[: most - len(kept)]
    return sorted(kept)


def _target(module: StoreModule, bucket: dict[str, t.Any], prefix: str, drawn: t.Sequence[Drawn]) -> Target:
    name, public_url = bucket["name"], bucket["public_url"] or ""
    return Target(
        name,
        prefix,
        _listing_urls(module, name, prefix),
        below(public_url, "") if public_url else "",
        [_addressed(module, name, thing, public_url) for thing in drawn],
        bucket["read"],
        bucket["may_be_empty"],
        CLOSING.get(module.profile.public_read, CLOSING["none"]),
    )


def _addressed(module: StoreModule, bucket: str, thing: Drawn, public_url: str) -> Thing:
    url = object_address(module.client, bucket, thing.key)
    return Thing(thing.key, thing.size, url, below(public_url, thing.key) if public_url else "")


def _listing_urls(module: StoreModule, bucket: str, prefix: str) -> list[str]:
    """In the old way and in the new one, and below the prefix only."""
    url = bucket_address(module.client, bucket)
    queries = ["?max-keys=1", "?list-type=2&max-keys=1"]
    if prefix:
        queries.append(f"?list-type=2&max-keys=1&prefix={quote(prefix, safe='')}")
    return [url + query for query in queries]


def _leave_job(module: StoreModule, max_age_s: float) -> dict[str, t.Any]:
    """Write the program: one that has the addresses of a sample and no key, or one that has the key and samples each time."""
    params = module.params
    options = {name: value for name, value in params.items() if value is not None and name not in ABOUT_JOB}
    result: dict[str, t.Any] = {"places": []}
    if params["draw"] == "now":
        old = _left(params["job"])
        known = {(target.bucket, target.prefix): target.things for target in map(Target.from_dict, old.get("targets") or [])}
        targets = [
            _target(module, bucket, prefix, _draw(module, bucket, prefix, known.get((bucket["name"], prefix), ())))
            for bucket, prefix in _places(module)
        ]
        options = {name: value for name, value in options.items() if name not in ABOUT_KEY}
        options["targets"] = [target.as_dict() for target in targets]
        # A sample that is still good keeps its date as long as that is no reason to take a new one.
        fresh = options["targets"] == old.get("targets") and time.time() - float(old.get("sampled") or 0) < max_age_s / 2
        options["sampled"] = old["sampled"] if fresh else time.time()
        result["places"] = [_shown(target, []) for target in targets]
        for target in targets:
            if target.read and not target.things and not target.may_be_empty:
                module.warn(f"There is no object to ask for in {target.shown}. The sentinel says so each time (BLIND).")
    changed = leave(module, params["job"], params["job_owner"], options, f"write the job {params['job']}")
    result.update(changed=changed, job={"path": params["job"], "interpreter": sys.executable})
    if module.diff_asked and changed:
        result["diff"] = {"prepared": f"the job {params['job']} is written anew\n"}
    return result


def _left(path: str) -> dict[str, t.Any]:
    """The options of a program that is there already; nothing if there is none, or if it is not ours."""
    try:
        with open(path, "rb") as source, zipfile.ZipFile(io.BytesIO(source.read())) as archive:
            found: dict[str, t.Any] = json.loads(archive.read(OPTIONS))["ANSIBLE_MODULE_ARGS"]
            return found
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return {}


def _shown(target: Target, found: t.Sequence[Finding]) -> dict[str, t.Any]:
    kinds = {finding.kind for finding in found if (finding.bucket, finding.prefix) == (target.bucket, target.prefix)}
    return {
        "bucket": target.bucket,
        "prefix": target.prefix,
        "objects": len(target.things),
        "public": PUBLIC in kinds,
        "known": not kinds & {UNANSWERED, BLIND},
    }


def _numbers(result: dict[str, t.Any]) -> list[Number | Numbers]:
    """What the monitoring reads besides."""

    def by_place(name: str) -> list[tuple[t.Mapping[str, str], float]]:
        return [({"bucket": place["bucket"], "prefix": place["prefix"]}, float(place[name])) for place in result["places"]]

    kinds = [finding["kind"] for finding in result["findings"]]
    return [
        ("findings", "What is not as it should be, by the kind.", [({"kind": kind}, float(kinds.count(kind))) for kind in KINDS]),
        ("public", "Whether everybody can read or list what must be private.", by_place("public")),
        ("known", "Whether that could be found out.", by_place("known")),
        ("sampled_objects", "Objects that are asked for.", by_place("objects")),
        ("sample_timestamp_seconds", "When these were drawn.", result["sampled"]),
    ]


def _check(module: StoreModule) -> None:
    """Refuse what cannot be meant."""
    params = module.params
    for name, least, most in (("samples", 1, 100), ("timeout", 0, 600)):
        if not least <= params[name] <= most:
            raise BadInput(DOING, said=f"{name} is {params[name]}", remedy=f"Use {least} to {most}.")
    if not params["targets"] and not params["buckets"]:
        raise BadInput(DOING, said="buckets is empty", remedy="Name the buckets that must not be public.")
    seen = set()
    for bucket in params["buckets"] or []:
        check_name(bucket["name"], DOING)
        for prefix in bucket["prefixes"] or [""]:
            if prefix.startswith("/"):
                raise BadInput(
                    DOING, said=f"the prefix {prefix} begins with '/'", remedy="Leave that out: keys do not begin with a slash."
                )
            if (bucket["name"], prefix) in seen:
                said = f"bucket {bucket['name']} is named twice with the prefix {prefix!r}"
                raise BadInput(DOING, said=said, remedy="Name each once.")
            seen.add((bucket["name"], prefix))
        check_public_url(bucket["public_url"], DOING)
