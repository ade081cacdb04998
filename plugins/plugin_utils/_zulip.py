# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Zulip's settings for its buckets: /etc/zulip/settings.py edited as text that stays Python, and two files of sections.

Zulip keeps uploads in S3 as soon as LOCAL_UPLOADS_DIR is not set. settings.py is run from top to bottom, so what its last lines
say holds, unless somebody takes a setting back within a condition.
"""

from __future__ import annotations

import ast
import configparser
import json
import posixpath
import re
import typing as t

BEGIN, END = "# BEGIN written by Ansible, role mediastore.s3.zulip", "# END written by Ansible, role mediastore.s3.zulip"
LOCAL = "LOCAL_UPLOADS_DIR"
#: what follows from LOCAL_UPLOADS_DIR where nobody sets it; with a value of its own, files are in places that this does not know
LOCAL_TOO = ("LOCAL_AVATARS_DIR", "LOCAL_FILES_DIR")
STORAGE_CLASSES = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "REDUCED_REDUNDANCY", "GLACIER_IR", "INTELLIGENT_TIERING")
#: what nginx is told by way of zulip.conf
CACHE = ("s3_memory_cache_size", "s3_disk_cache_size", "s3_cache_inactive_time", "nameserver")
SECTION = re.compile(r"\[(?P<name>[^]]+)\]")
#: lines as Python counts them, which str.splitlines does not do
LINES = re.compile(r"[^\n]*\n|[^\n]+")

Values = t.Mapping[str, t.Any]


def plan(settings: Values, provider: Values, files: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The three files as they have to be, and everything that is wrong with them or with what was asked for."""
    lines = assignments(settings, provider)
    problems = mistakes(settings)
    text, said = in_settings(files.get("settings", ""), lines, settings.get("path") or "")
    problems += said
    keys = {"s3_key": settings.get("access_key") or "", "s3_secret_key": settings.get("secret_key") or ""}
    secrets, said = in_sections("zulip-secrets.conf", files.get("secrets", ""), "secrets", keys)
    problems += said
    cache = {name: str(settings[name]) for name in CACHE if settings.get(name)}
    conf, said = in_sections("zulip.conf", files.get("conf", ""), "application_server", cache)
    problems += said
    return {
        "settings": text,
        "secrets": secrets,
        "conf": conf,
        "problems": problems,
        "places": places(settings),
        "enabled": is_enabled(files.get("settings", "")),
    }


def places(settings: Values) -> list[dict[str, str]]:
    """Which folder of LOCAL_UPLOADS_DIR goes to which bucket; Zulip takes ``exports/`` off the paths of old exports itself."""
    found = [
        {"folder": "files/", "bucket": settings.get("uploads_bucket") or ""},
        {"folder": "avatars/", "bucket": settings.get("avatars_bucket") or ""},
    ]
    if settings.get("exports_bucket"):
        found.append({"folder": "avatars/exports/", "bucket": settings["exports_bucket"]})
    if settings.get("storage_class"):
        found[0]["storage_class"] = settings["storage_class"]
    return found


def assignments(settings: Values, provider: Values) -> dict[str, t.Any]:
    """Each setting by the name that Zulip gives it."""
    endpoint = (settings.get("endpoint_url") or provider.get("endpoint") or "").rstrip("/")
    style = provider.get("addressing_style") or "auto"
    wanted = {
        "S3_AUTH_UPLOADS_BUCKET": settings.get("uploads_bucket"),
        "S3_AVATAR_BUCKET": settings.get("avatars_bucket"),
        "S3_EXPORT_BUCKET": settings.get("exports_bucket"),
        "S3_REGION": settings.get("region") or provider.get("region"),
        "S3_ENDPOINT_URL": endpoint,
        "S3_ADDRESSING_STYLE": style if style != "auto" else "",
        # AWS's SDK sends checksums behind the body, which many other stores refuse
        "S3_SKIP_CHECKSUM": bool(endpoint),
        "S3_UPLOADS_STORAGE_CLASS": settings.get("storage_class"),
        "S3_AVATAR_PUBLIC_URL_PREFIX": settings.get("avatars_url"),
    }
    return {name: value for name, value in wanted.items() if value}


def mistakes(settings: Values) -> list[str]:
    """What was asked for and would not work, or would show what is not meant to be seen."""
    uploads, avatars = settings.get("uploads_bucket"), settings.get("avatars_bucket")
    exports, storage_class = settings.get("exports_bucket"), settings.get("storage_class")
    keys = [bool(settings.get(name)) for name in ("access_key", "secret_key")]
    checks: list[tuple[object, str]] = [
        (uploads, "zulip_media_uploads_bucket is empty. Name the bucket, which nobody but Zulip may read."),
        (avatars, "zulip_media_avatars_bucket is empty. Name the bucket, which everybody may read."),
        (
            not uploads or uploads not in (avatars, exports),
            f"zulip_media_uploads_bucket is {uploads}, and another one is, too. Uploads need a bucket of their own.",
        ),
        (
            (exports and exports != avatars) or settings.get("exports_public"),
            f"Exports of all messages would be in {avatars or 'the bucket of avatars'}, which everybody may read. "
            "Name a private bucket in zulip_media_exports_bucket, or say zulip_media_exports_public.",
        ),
        (
            all(keys) or (not any(keys) and not settings.get("endpoint_url")),
            "Zulip needs access_key and secret_key in mediastore_store.",
        ),
        (not settings.get("prefix"), "Zulip puts media at the root of its buckets. Leave migrate_prefix empty."),
        (
            not storage_class or storage_class in STORAGE_CLASSES,
            f"zulip_media_storage_class is {storage_class}, and Zulip knows only {', '.join(STORAGE_CLASSES)}.",
        ),
    ]
    return [said for is_right, said in checks if not is_right]


def in_settings(text: str, lines: Values, path: str) -> tuple[str, list[str]]:
    """settings.py with the block at its end and LOCAL_UPLOADS_DIR commented out, or what is in the way."""
    rest = without_block(text)
    try:
        tree = ast.parse(rest)
    except (SyntaxError, ValueError) as exc:
        return text, [f"settings.py is no Python (line {getattr(exc, 'lineno', '?')}). Correct it."]
    problems = left(tree, lines)
    found, said = local_lines(tree, path)
    problems += said
    if problems:
        return text, problems
    body = LINES.findall(rest)
    for first, last in found:
        for number in range(first - 1, last):
            body[number] = f"# {body[number]}"
    rest = "".join(body)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    block = "".join(f"{name} = {literal(value)}\n" for name, value in lines.items())
    done = f"{rest}{BEGIN}\n{block}{END}\n"
    try:
        compile(done, "settings.py", "exec")
    except (SyntaxError, ValueError) as exc:
        return text, [f"settings.py would be no Python any more ({exc}). Comment {LOCAL} out by hand."]
    return (done, []) if is_enabled(done) else (text, [f"settings.py would still set {LOCAL}. Comment it out by hand."])


def literal(value: t.Any) -> str:
    """A value as Python has it, in the quotes that Zulip's own file has."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def without_block(text: str) -> str:
    """What others have written."""
    lines, inside = [], False
    for line in LINES.findall(text):
        inside = inside or line.rstrip("\r\n") == BEGIN
        if not inside:
            lines.append(line)
        inside = inside and line.rstrip("\r\n") != END
    return "".join(lines)


def targets(node: ast.stmt) -> list[str]:
    """The names that a statement sets."""
    if isinstance(node, ast.Assign):
        return [leaf.id for target in node.targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def local_lines(tree: ast.Module, path: str) -> tuple[list[tuple[int, int]], list[str]]:
    """First and last line of each statement that sets LOCAL_UPLOADS_DIR, and where that is not one that can be commented out."""
    found: list[tuple[int, int]] = []
    problems: list[str] = []
    own: set[int] = set()
    taken = [line for node in tree.body for line in sorted({node.lineno, node.end_lineno or node.lineno})]
    for node in tree.body:
        if targets(node) != [LOCAL] or getattr(node, "value", None) is None:
            continue
        first, last = node.lineno, node.end_lineno or node.lineno
        own |= {id(leaf) for leaf in ast.walk(node)}
        if any(taken.count(line) > 1 for line in (first, last)):
            problems.append(f"Line {first} of settings.py has {LOCAL} and another statement. Give it a line of its own.")
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        said = value.value if isinstance(value, ast.Constant) else None
        if path and isinstance(said, str) and posixpath.normpath(said) != posixpath.normpath(path):
            problems.append(
                f"Line {first} of settings.py says {LOCAL} is {said}, and zulip_media_path is {path}. Correct the latter."
            )
        found.append((first, last))
    for leaf in ast.walk(tree):
        if isinstance(leaf, ast.Name) and id(leaf) not in own and leaf.id in (LOCAL, *LOCAL_TOO):
            what = "sets" if isinstance(leaf.ctx, ast.Store) else "uses"
            where = "in a way that cannot be commented out" if leaf.id == LOCAL else "which only the whole directory may be"
            problems.append(f"Line {leaf.lineno} of settings.py {what} {leaf.id} {where}. Change it by hand.")
    return found, problems


def left(tree: ast.Module, lines: Values) -> list[str]:
    """Settings of S3 from before that would still hold."""
    return [
        f"Line {leaf.lineno} of settings.py sets {leaf.id}, which would still hold. Remove it."
        for leaf in ast.walk(tree)
        if isinstance(leaf, ast.Name)
        and isinstance(leaf.ctx, ast.Store)
        and leaf.id.startswith("S3_")
        and leaf.id not in lines
        and leaf.id != "S3_SKIP_PROXY"
    ]


def is_enabled(text: str) -> bool:
    """Whether Zulip is on its buckets already."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    names = {name for node in tree.body for name in targets(node)}
    return LOCAL not in names and "S3_AUTH_UPLOADS_BUCKET" in names


def in_sections(name: str, text: str, section: str, values: t.Mapping[str, str]) -> tuple[str, list[str]]:
    """A file of sections with some values changed and every other line as it was; what is in the way otherwise."""
    values = {option: value for option, value in values.items() if value}
    before = parsed(text)
    if before is None:
        return text, [f"{name} cannot be read: it has no sections, or one or an option of one twice. Correct it."]
    said = [
        f"{option} for {name} has a line break or a space at an end. Correct it."
        for option, value in values.items()
        if value != value.strip() or "\n" in value or "\r" in value
    ]
    if said:
        return text, said
    done = text
    for option, value in values.items():
        if before.get(section, {}).get(option) != value:
            done = with_option(done, section, option, value)
    wanted = {head: dict(options) for head, options in before.items()}
    if values:
        wanted.setdefault(section, {}).update(values)
    if parsed(done) != wanted:
        return text, [f"{name} has {section} in a form that cannot be changed without changing more. Change it by hand."]
    return done, []


def parsed(text: str) -> dict[str, dict[str, str | None]] | None:
    """What Zulip reads, or nothing if it cannot."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def with_option(text: str, section: str, option: str, value: str) -> str:
    """One line changed or added."""
    lines = LINES.findall(text)
    here, last, line = False, -1, f"{option} = {value}\n"
    same = re.compile(rf"{re.escape(option)}\s*[=:]", re.IGNORECASE)
    for number, known in enumerate(lines):
        head = SECTION.match(known)
        if head:
            here = head.group("name") == section
        if here and same.match(known):
            lines[number] = line
            return "".join(lines)
        # a comment at the end is about what follows
        if here and known.strip() and not known.startswith(("#", ";")):
            last = number
    if last in (-1, len(lines) - 1) and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if last < 0:
        return "".join([*lines, "\n" if lines else "", f"[{section}]\n", line])
    return "".join([*lines[: last + 1], line, *lines[last + 1 :]])
