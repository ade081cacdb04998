# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a store takes for a key, and in which order it lists keys."""

from __future__ import annotations

import typing as t

from .place import Place

Facts = t.Dict[str, t.Any]

#: S3's own limit, in bytes; stores that take more are not asked for it
LONGEST = 1024
#: the longest name of a file, on nearly all file systems
LONGEST_NAME = 255
#: Capitals, signs around the slash, and two keys that UTF-16 sorts the other way round. No key is a folder of another one.
AWKWARD = ("B", "a b", "a-/x", "a./x", "a/x", "a0", "b+%41", "b\u00e9", "\uff5e", "\U0001f600")
PAGE = 4


def order(place: Place) -> Facts:
    """Whether a listing, which has several pages, is in the byte order of the keys, and whole."""
    names = [f"order/{name}" for name in AWKWARD]
    kept = [place.key(name) for name in names if place.put(name).done]
    shown = list(_pages(place, place.key("order/")))
    return {"list_sorted": shown == sorted(kept, key=lambda key: key.encode())}


def empty_segments(place: Place) -> Facts:
    """Whether slashes may stand at the ends of a key and beside each other."""
    return {"key_empty_segments": all(_fits(place, name) for name in ("empty//segment", "empty-end/", "/empty-start"))}


def lengths(place: Place) -> Facts:
    """How long a key may be, and each piece of it."""
    segment = 0
    # As a folder, not as the last piece: rclone refuses both, but shows the latter for ever after.
    if not _fits(place, "s" * (LONGEST_NAME + 1) + "/end"):
        segment = _most(1, LONGEST_NAME, lambda length: _fits(place, "s" * length))
    return {"key_segment_max_bytes": segment, "key_max_bytes": _longest_key(place, min(segment or 100, 100))}


def _longest_key(place: Place, segment: int) -> int:
    before = len(place.prefix.encode())
    most = _most(segment, LONGEST - before, lambda length: _fits(place, _name(length, segment)))
    return most + before


def _name(length: int, segment: int) -> str:
    """A name of this length whose pieces are no longer than that; it neither begins nor ends with a slash."""
    text = ("n" * (segment - 1) + "/") * (length // segment + 1)
    return text[:length].rstrip("/").ljust(length, "n")


def _most(least: int, most: int, fits: t.Callable[[int], bool]) -> int:
    """The largest number that fits, by halving; usually it is the first that is asked for."""
    if fits(most):
        return most
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(middle) else (least, middle)
    return least


def _fits(place: Place, name: str) -> bool:
    """Whether an object can have this name, and shows it."""
    if not place.put(name).done:
        return False
    return place.key(name) in (entry["Key"] for entry in place.listed(name)) and place.holds(name)


def _pages(place: Place, prefix: str) -> t.Iterator[str]:
    token: dict[str, str] = {}
    for _page in AWKWARD:
        said = place.ask("list_objects_v2", Prefix=prefix, MaxKeys=PAGE, **token).said
        yield from (entry["Key"] for entry in said.get("Contents", []))
        if not said.get("NextContinuationToken"):
            return
        token = {"ContinuationToken": said["NextContinuationToken"]}
