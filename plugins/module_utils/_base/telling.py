# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a module tells the monitoring of each of its runs: the option, its check, and the numbers that all runs have."""

from __future__ import annotations

import time
import typing as t

from .._core.errors import BadInput
from .._core.listed import Listed
from .._core.metrics import SUFFIX, Gauge, write_metrics
from .argspec import ArgSpec
from .host import HostModule

METRICS = ArgSpec({"metrics": {"type": "path"}})

#: name without what all names of the module begin with, meaning, value
Number = t.Tuple[str, str, float]
#: the same with values by labels
Numbers = t.Tuple[str, str, t.Sequence[t.Tuple[t.Mapping[str, str], float]]]


def check_metrics_file(path: str | None, doing: str) -> str | None:
    """The file for the collector, after refusing one that it would not read."""
    if path and not path.endswith(SUFFIX):
        said = f"the name of metrics, {path}, does not end in {SUFFIX}"
        raise BadInput(doing, said=said, remedy=f"node_exporter reads {SUFFIX} files only: add that.")
    return path


def told(
    module: HostModule,
    verb: str,
    path: str | None,
    labels: t.Mapping[str, str],
    act: t.Callable[[], dict[str, t.Any]],
    numbers: t.Callable[[dict[str, t.Any]], list[Number | Numbers]],
) -> dict[str, t.Any]:
    """Run it, and tell the monitoring how that went; after a failure that came before the end, only that it failed."""
    if not path or module.check_mode:
        return act()
    begun = time.monotonic()

    def tell(result: dict[str, t.Any], success: bool) -> None:
        runs: list[Number | Numbers] = [
            ("last_run_timestamp_seconds", "When the last run ended.", time.time()),
            ("last_run_success", "Whether it did all that it should.", success),
            ("last_run_duration_seconds", "How long it took.", time.monotonic() - begun),
        ]
        gauges = [_gauge(f"mediastore_{verb}", *number) for number in [*runs, *(numbers(result) if result else [])]]
        write_metrics(str(path), gauges, {name: value for name, value in labels.items() if value})

    try:
        result = act()
    except Exception as exc:
        tell(getattr(exc, "result", {}), False)
        raise
    tell(result, True)
    return result


def stored(listed: Listed) -> list[Number | Numbers]:
    """What the store holds, if this run has seen all of it."""
    if not listed.complete:
        return []
    return [
        ("store_objects", "Objects that the store has below the prefix.", listed.objects),
        ("store_bytes", "Their bytes.", listed.nbytes),
    ]


def _gauge(family: str, name: str, meaning: str, values: t.Any) -> Gauge:
    return Gauge(f"{family}_{name}", meaning, values if isinstance(values, list) else [({}, float(values))])
