# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Mastodon's settings for a bucket, as its config/initializers/paperclip.rb reads them from .env.production.

Of two lines with one name the last one counts, and quotes are part of a value under Docker Compose, so no value may need them.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.common.text.formatters import human_to_bytes

BEGIN, END = "# BEGIN written by Ansible, role mediastore.s3.mastodon", "# END written by Ansible, role mediastore.s3.mastodon"
LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
#: what a block of settings decides as a whole: a line of these that is left from before would still hold
FAMILY = re.compile(r"S3_|AWS_ACCESS_KEY_ID$|AWS_SECRET_ACCESS_KEY$")
#: what may stand in mastodon_media_environment
MORE = re.compile(r"S3_[A-Z0-9_]+|CACHE_BUSTER_[A-Z_]+|CDN_HOST|EXTRA_MEDIA_HOSTS")
#: AWS's SDKs have sent checksums behind the body since January 2025, which many other stores refuse; all of them read these
NO_TRAILERS = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
NEEDS_QUOTES = re.compile(r"[\s'\"#$\\`]")
KEY_NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def plan(settings: t.Mapping[str, t.Any], provider: t.Mapping[str, t.Any], file: str) -> dict[str, t.Any]:
    """The lines to write and everything that is wrong with them."""
    lines, problems = environment(settings, provider)
    here = assignments(file)
    problems += left(here, lines) + later(file, lines)
    host = media_host(lines, settings["bucket"])
    known = [value for _number, name, value in here if name == "EXTRA_MEDIA_HOSTS"][-1:]
    hosts = [one.strip() for one in ",".join(known).split(",") if one.strip()]
    enabled = [value.strip() for _number, name, value in assignments(file, ours=True) if name == "S3_ENABLED"][-1:]
    return {
        "block": "".join(f"{name}={value}\n" for name, value in lines.items()),
        "problems": problems,
        "acl": lines["S3_PERMISSION"],
        "media_host": host,
        "media_url": media_url(lines),
        "site_url": site_url(here),
        "media_hosts": ",".join(hosts if host in hosts else [*hosts, host]),
        "enabled": enabled == ["true"],
    }


def environment(settings: t.Mapping[str, t.Any], provider: t.Mapping[str, t.Any]) -> tuple[dict[str, str], list[str]]:
    """Each setting by the name that Mastodon gives it, and what is wrong with them."""
    problems = []
    known = provider.get("capabilities") or {}
    region = settings.get("region") or provider.get("region") or ""
    endpoint = (settings.get("endpoint_url") or provider.get("endpoint") or "").rstrip("/")
    virtual = provider.get("addressing_style") == "virtual" or not endpoint
    lines = {
        "S3_ENABLED": "true",
        "S3_BUCKET": settings.get("bucket") or "",
        "AWS_ACCESS_KEY_ID": settings.get("access_key") or "",
        "AWS_SECRET_ACCESS_KEY": settings.get("secret_key") or "",
        "S3_REGION": region,
    }
    where = urlsplit(endpoint or f"https://s3.{region}.amazonaws.com")
    # the protocol is that of addresses of media, and a host of one's own is for browsers, which are at a page with https
    lines.update(S3_PROTOCOL="https" if settings.get("alias_host") else where.scheme, S3_HOSTNAME=where.netloc)
    if endpoint:
        lines["S3_ENDPOINT"] = endpoint
        lines.update(NO_TRAILERS)
        if virtual:
            lines["S3_OVERRIDE_PATH_STYLE"] = "true"
    lines["S3_PERMISSION"], said = permission(settings.get("permission") or "", known.get("object_acls") or ())
    problems += said
    if settings.get("multipart_threshold"):
        lines["S3_MULTIPART_THRESHOLD"], said = in_bytes(settings["multipart_threshold"])
        problems += said
    for name, option in (("S3_STORAGE_CLASS", "storage_class"), ("S3_ALIAS_HOST", "alias_host")):
        if settings.get(option):
            lines[name] = str(settings[option])
    more = {str(name): str(value) for name, value in (settings.get("environment") or {}).items()}
    problems += [
        f"mastodon_media_environment has {name}, which "
        f"{'another variable sets' if name in lines else 'is no setting of media'}. Leave it out."
        for name in more
        if name in lines or not MORE.fullmatch(name)
    ]
    lines.update(more)
    return lines, problems + mistakes(lines, settings, virtual)


def mistakes(lines: t.Mapping[str, str], settings: t.Mapping[str, t.Any], virtual: bool) -> list[str]:
    """What Mastodon would start with, and not work."""
    alias = lines.get("S3_ALIAS_HOST", "")
    checks: list[tuple[object, str]] = [
        (lines["S3_BUCKET"], "mastodon_media_bucket is empty. Name the bucket."),
        (lines["S3_REGION"], "the region is not known. Say region in mediastore_store."),
        (lines[KEY_NAMES[0]] and lines[KEY_NAMES[1]], "Mastodon needs access_key and secret_key in mediastore_store."),
        (not settings.get("prefix"), "Mastodon puts media at the root of its bucket. Leave migrate_prefix empty."),
        (
            not (virtual and "." in lines["S3_BUCKET"]) or alias,
            f"the bucket {lines['S3_BUCKET']} has a dot in its name, for which no certificate of the store is valid. "
            "Choose another bucket, or say mastodon_media_alias_host.",
        ),
        (not re.search(r"[/:]", alias), f"mastodon_media_alias_host {alias} must be a host name alone."),
    ]
    for name, value in lines.items():
        shown = "" if name in KEY_NAMES else f" ({value})"
        checks.append((not NEEDS_QUOTES.search(value), f"{name} has a character that Mastodon would misread{shown}. Change it."))
    return [said for is_right, said in checks if not is_right]


def permission(asked: str, acls: t.Sequence[str]) -> tuple[str, list[str]]:
    """The canned ACL of each object: what was asked for, or where nothing was, the public one if the store has any."""
    if asked == "auto":
        return ("public-read" if "public-read" in acls else ""), []
    if asked and asked not in acls:
        return asked, [
            f"mastodon_media_permission is {asked}, and the store has no such ACL. Say auto, or let a policy of the bucket do it."
        ]
    return asked, []


def in_bytes(size: t.Any) -> tuple[str, list[str]]:
    """Mastodon's own documentation speaks of megabytes, and its code reads bytes; so a unit has to be said."""
    text = str(size)
    if text.isdigit():
        return text, [f"mastodon_media_multipart_threshold {text} has no unit. Say {text}M or {text}B."]
    try:
        return str(human_to_bytes(text)), []
    except ValueError:
        return text, [f"mastodon_media_multipart_threshold {text} is no size. Say one such as 15M."]


def assignments(file: str, ours: bool = False) -> list[tuple[int, str, str]]:
    """Number, name and value of each line that sets something, outside of the block of settings unless that is asked for."""
    found, inside = [], False
    for number, line in enumerate(file.splitlines(), 1):
        inside = (inside or line == BEGIN) and line != END
        match = LINE.fullmatch(line)
        if match and (ours or not inside):
            found.append((number, match.group(1), match.group(2)))
    return found


def left(here: t.Sequence[tuple[int, str, str]], lines: t.Mapping[str, str]) -> list[str]:
    """Lines from before that would still hold."""
    return [
        f"Line {number} of .env.production sets {name}, which would still hold. Remove it, or say it in "
        "mastodon_media_environment."
        for number, name, _value in here
        if FAMILY.match(name) and name not in lines
    ]


def later(file: str, lines: t.Mapping[str, str]) -> list[str]:
    """Lines that somebody has added below the block, and that would win."""
    if BEGIN not in file.splitlines():
        return []
    end = file.splitlines().index(END) + 1 if END in file.splitlines() else 0
    return [
        f"Line {number} of .env.production sets {name} once more, below the block of this role, and would win. Remove it."
        for number, name, _value in assignments(file)
        if number > end and name in lines
    ]


def media_host(lines: t.Mapping[str, str], bucket: str) -> str:
    """Where visitors' browsers find media, as a source in a content security policy."""
    if lines.get("S3_ALIAS_HOST"):
        return f"https://{lines['S3_ALIAS_HOST']}"
    host = lines["S3_HOSTNAME"]
    virtual = "S3_ENDPOINT" not in lines
    return f"{lines['S3_PROTOCOL']}://{f'{bucket}.{host}' if virtual else host}"


def media_url(lines: t.Mapping[str, str]) -> str:
    """Below which address media are. On Amazon S3 it is the store's own, which Mastodon leaves to its library."""
    if lines.get("S3_ALIAS_HOST"):
        return f"https://{lines['S3_ALIAS_HOST']}"
    # with S3_ENDPOINT it is :s3_path_url, whatever S3_OVERRIDE_PATH_STYLE says
    return f"{lines['S3_PROTOCOL']}://{lines['S3_HOSTNAME']}/{lines['S3_BUCKET']}" if "S3_ENDPOINT" in lines else ""


def site_url(here: t.Sequence[tuple[int, str, str]]) -> str:
    """Where people see Mastodon itself."""
    said = {name: value.strip().strip("'\"") for _number, name, value in here}
    domain = said.get("WEB_DOMAIN") or said.get("LOCAL_DOMAIN")
    return f"https://{domain}/" if domain else ""
