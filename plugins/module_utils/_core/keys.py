# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Names on both sides: which keys S3 takes, which of them may become paths, and which are left out."""

from __future__ import annotations

import re

KEY_MAX_BYTES = 1024
SEGMENT_MAX_BYTES = 255
#: what a download is called until it is complete; the walk passes by such names
PARTIAL_SUFFIX = ".mediastore-partial"
#: the folder, directly in the tree, in which evicted files wait; the walk passes by it
QUARANTINE = ".mediastore-quarantine"
#: the object, below a prefix, that says whose the others are; it is no file of anybody
MARK = ".mediastore-owner"


def unfit_for_store(key: str, max_bytes: int = KEY_MAX_BYTES) -> str:
    """Why the store would refuse this key, or an empty string."""
    length = len(key.encode("utf-8"))
    if length > max_bytes:
        return f"the key has {length} bytes and the store takes {max_bytes}"
    return ""


def unfit_for_disk(relative: str) -> str:
    """Why this key cannot be a file below the destination, or an empty string."""
    if not relative:
        return "the key is the prefix itself and leaves no file name"
    if relative.startswith("/"):
        return "the key is an absolute path"
    if "\0" in relative:
        return "the key contains a NUL"
    segments = relative.split("/")
    if ".." in segments or "." in segments:
        return "the key contains '.' or '..' as a folder"
    if not segments[-1]:
        return "the key ends in '/', which is no file name"
    if "" in segments:
        return "the key contains '//', which no folder can be called"
    if relative.endswith(PARTIAL_SUFFIX):
        return f"names ending in {PARTIAL_SUFFIX} are kept for unfinished downloads"
    if max(len(segment.encode("utf-8")) for segment in segments) > SEGMENT_MAX_BYTES:
        return f"a part of the key is longer than the {SEGMENT_MAX_BYTES} bytes that a file name may have"
    return ""


class Exclude:
    """The names that a run leaves out.

    A pattern is matched against the whole path below the source. ``*`` and ``?`` stay within a folder, ``**`` does not,
    and what matches a folder matches all that is in it. Nothing is left out by accident: ``*.tmp`` concerns the top
    folder only, ``**/*.tmp`` every folder.
    """

    def __init__(self, patterns: list[str]) -> None:
        self.patterns = [pattern.lstrip("/") for pattern in patterns]
        parts = [_translate(pattern) for pattern in self.patterns]
        self._match = re.compile("|".join(f"(?:{part})" for part in parts), re.DOTALL).fullmatch if parts else None

    def __contains__(self, relative: str) -> bool:
        """Whether this path (a folder's with a final ``/``) is left out."""
        return self._match is not None and self._match(relative) is not None

    def __bool__(self) -> bool:
        return bool(self.patterns)


def _translate(pattern: str) -> str:
    """A glob as a regular expression."""
    folder_only = pattern.endswith("/") or pattern.endswith("/**")
    body = pattern[:-3] if pattern.endswith("/**") else pattern.rstrip("/")
    out = "".join(_piece(token) for token in re.findall(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", body, re.DOTALL))
    return out + ("/.*" if folder_only else "(?:/.*)?")


def _piece(token: str) -> str:
    if token == "**/":
        return "(?:.*/)?"
    if token == "**":
        return ".*"
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) > 1:  # a character class
        inside = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^/{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return re.escape(token)


class PrefixKeys:
    """Notices a key that must be a file and a folder at once (``a`` and ``a/b``), which no disk can hold.

    Keys in order that begin with ``a`` are neighbours, so the chain of keys that are still a beginning of the present
    one is all that has to be remembered.
    """

    def __init__(self) -> None:
        self._chain: list[str] = []

    def file_above(self, key: str) -> str:
        """The earlier key that is a folder of this one, or an empty string; call it with every key, in order."""
        while self._chain and not key.startswith(self._chain[-1]):
            self._chain.pop()
        above = next((seen for seen in self._chain if key.startswith(seen + "/")), "")
        self._chain.append(key)
        return above
