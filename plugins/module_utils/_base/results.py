# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The shapes of results, so that a module and its ``_info`` twin cannot disagree."""

from __future__ import annotations

import typing as t

from .settle import Change


def bucket_result(name: str, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """One bucket: its name and the settings that were asked for."""
    return {"name": name, **values}


def changed_bucket(name: str, changes: t.Sequence[Change], with_diff: bool) -> dict[str, t.Any]:
    """The result of a module that settled a bucket."""
    result: dict[str, t.Any] = {
        "changed": any(change.changed for change in changes),
        "bucket": bucket_result(name, {change.name: change.after for change in changes}),
    }
    if with_diff:
        result["diff"] = diff(f"bucket {name}", changes)
    return result


def diff(title: str, changes: t.Sequence[Change]) -> dict[str, t.Any]:
    """What ``--diff`` shows."""
    return {
        "before_header": title,
        "after_header": title,
        "before": {change.name: change.before for change in changes},
        "after": {change.name: change.after for change in changes},
    }
