# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A profile as plain data and back: what ``probe`` returns is what the option ``capabilities`` takes."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import BadInput
from .profile import SUPPORT, Facets, Keys, Lifecycle, Profile

TRIED = "use these capabilities"
#: a store's name and evidence are its profile's; where it is belongs to the connection
NOT_CAPABILITIES = ("name", "title", "source", "endpoint", "endpoint_known_to_boto", "native", "region", "addressing")
#: facts that are one of a few words
CHOICES: dict[str, tuple[str, ...]] = {
    "public_read": ("policy", "bucket_acl", "website", "none"),
    "multipart_etag": ("s3", "md5", "opaque"),
    "lifecycle.dialect": ("s3", "b2"),
    **{f"facets.{f.name}": SUPPORT for f in dataclasses.fields(Facets)},
}
NAMES = tuple(f.name for f in dataclasses.fields(Profile) if f.name not in NOT_CAPABILITIES)


def capabilities_of(profile: Profile) -> dict[str, t.Any]:
    """The profile's facts as a dictionary that YAML and JSON can hold."""
    return {name: _plain(getattr(profile, name)) for name in NAMES}


def with_capabilities(profile: Profile, said: t.Mapping[str, t.Any]) -> Profile:
    """The profile with the facts that the user said, or one clear error."""
    changes = {name: _understood(name, value, getattr(profile, name)) for name, value in said.items() if _known(name)}
    return dataclasses.replace(profile, **changes)


def _plain(value: t.Any) -> t.Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, t.Mapping) else value


def _known(name: str) -> bool:
    if name not in NAMES:
        raise BadInput(TRIED, said=f"there is no {name} among them", remedy=f"There are: {', '.join(NAMES)}.")
    return True


def _understood(name: str, value: t.Any, present: t.Any) -> t.Any:
    """The value in the form of the profile; parts of a group that are not said stay as they are."""
    if name in CHOICES and value not in CHOICES[name]:
        raise BadInput(TRIED, said=f"{name} is {value!r}", remedy=f"Use one of: {', '.join(CHOICES[name])}.")
    if isinstance(present, (Facets, Keys, Lifecycle)):
        return _group(name, value, present)
    if name == "instead":
        return {**present, **_of_type(name, value, dict)}
    if isinstance(present, t.Mapping):
        return dict(_of_type(name, value, dict))
    if name in ("storage_classes", "presign_max_s") and value is None:
        return None
    if isinstance(present, tuple) or name == "storage_classes":
        return tuple(str(word) for word in _of_type(name, value, list))
    return _of_type(name, value, int if name == "presign_max_s" else type(present))


def _group(name: str, value: t.Any, present: t.Any) -> t.Any:
    parts = vars(present)
    for part in _of_type(name, value, dict):
        if part not in parts:
            raise BadInput(TRIED, said=f"{name} has no {part}", remedy=f"It has: {', '.join(parts)}.")
    return dataclasses.replace(present, **{part: _understood(f"{name}.{part}", value[part], parts[part]) for part in value})


def _of_type(name: str, value: t.Any, kind: type) -> t.Any:
    # A bool is an int to Python, and 1 is no answer to a yes-or-no question.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadInput(TRIED, said=f"{name} is {value!r}", remedy=f"Give a value of type {kind.__name__}, as probe returns it.")
    return value
