# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Numbers for a monitoring system, in the text format that node_exporter's textfile collector reads."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

from .files import write_atomic

#: what ends the name of a file that the collector reads
SUFFIX = ".prom"


class Gauge(NamedTuple):
    """One metric: its name, what it means, and its values by their labels."""

    name: str
    meaning: str
    values: Sequence[tuple[Mapping[str, str], float]]


def write_metrics(path: str, gauges: Sequence[Gauge], labels: Mapping[str, str]) -> None:
    """Replace the file as a whole, readable by everybody: the collector may look at any moment."""
    lines: list[str] = []
    for gauge in gauges:
        lines += [f"# HELP {gauge.name} {gauge.meaning}", f"# TYPE {gauge.name} gauge"]
        lines += [f"{gauge.name}{_braced({**labels, **own})} {value:.15g}" for own, value in gauge.values]
    write_atomic(path, ("\n".join(lines) + "\n").encode("utf-8"), mode=0o644)


def _braced(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
