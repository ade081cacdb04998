# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The timeline of a migration as a picture: what ran when, what clients saw, and when nothing answered."""

from __future__ import annotations

from html import escape
from typing import Any, Mapping, Sequence

from .progress import human

ROW = 28
CHART = 72
#: percent of the width that the words above an outage take on a phone
MARK_WIDTH = 20.0


def duration(seconds: float) -> str:
    """A span of time in the unit that a person would use."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def timeline(
    stages: Sequence[Mapping[str, Any]], outages: Sequence[Mapping[str, Any]], traffic: Sequence[Sequence[float]]
) -> str:
    """One row a stage on a common axis, the clients' answers above, the outages through all of it; empty without stages.

    The shapes are one SVG that stretches with the page; the words are HTML beside it, so that they keep their size on a phone.
    """
    if not stages:
        return ""
    axis = _Axis(min(float(stage["began"]) for stage in stages), max(float(stage["ended"]) for stage in stages))
    top = CHART if traffic else 0
    height = top + ROW * len(stages)
    shapes = [_band(axis, outage, height) for outage in outages]
    shapes += _area(axis, traffic) + [_bar(axis, stage, top + ROW * row) for row, stage in enumerate(stages)]
    names = [f'<div class="name">{escape(str(stage["name"]))}</div>' for stage in stages]
    spans = [f'<div class="span">{duration(stage["ended"] - stage["began"])}</div>' for stage in stages]
    said = f"Timeline of {len(stages)} stages in {duration(axis.length)}, with {len(outages)} interruptions of service"
    left, right = [_chart_cell("answers/s", top), *names], [_chart_cell(_peak(traffic), top), *spans]
    return _picture(axis, height, said, left, shapes, right, _marks(axis, outages))


def steps(parts: Sequence[tuple[str, float]]) -> str:
    """One bar cut into its parts with a legend below: where the seconds of a short window went."""
    whole = sum(seconds for name, seconds in parts)
    if not whole:
        return ""
    shapes, legend, at = [], [], 0.0
    for number, (name, seconds) in enumerate(parts):
        width = 1000 * seconds / whole
        shapes.append(f'<rect class="part p{number % 6}" x="{at:.1f}" y="0" width="{max(width - 3, 1):.1f}" height="20"/>')
        legend.append(f'<li><i class="p{number % 6}"></i>{escape(name)} <b>{duration(seconds)}</b></li>')
        at += width
    return (
        f'<svg class="steps" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label="{duration(whole)} in parts">'
        f'{"".join(shapes)}</svg><ul class="legend">{"".join(legend)}</ul>'
    )


def throughput(rows: Sequence[Sequence[float]]) -> str:
    """Files and bytes a second, from rows of (second, files, bytes) since the start; empty where it was over at once."""
    if len(rows) < 2:
        return ""
    axis, names, peaks, shapes = _Axis(0.0, rows[-1][0]), [], [], []
    for place, (name, column) in enumerate((("files/s", 1), ("bytes/s", 2))):
        rates = [
            (before[0], row[0], (row[column] - before[column]) / (row[0] - before[0]))
            for before, row in zip([(0.0, 0.0, 0.0), *rows], rows)
            if row[0] > before[0]
        ]
        peak = max(rate for _began, _ended, rate in rates)
        shapes.append(_stepped(axis, rates, CHART * (place + 1) - 4, CHART - 22, peak))
        names.append(_chart_cell(name, CHART))
        peaks.append(_chart_cell(f"max {peak:.0f}" if column == 1 else f"max {human(peak)}", CHART))
    return _picture(axis, 2 * CHART, f"Files and bytes a second in {duration(axis.length)}", names, shapes, peaks)


class _Axis:
    """Seconds of the clock to thousandths of the width."""

    def __init__(self, began: float, ended: float) -> None:
        self.began = began
        self.length = max(ended - began, 0.001)

    def __call__(self, at: float) -> float:
        return 1000 * min(max((at - self.began) / self.length, 0.0), 1.0)


def _picture(
    axis: _Axis, height: int, said: str, left: list[str], shapes: list[str], right: list[str], marks: Sequence[str] = ()
) -> str:
    """Shapes on an axis, with words on both sides of them and below."""
    return (
        f'<div class="timeline"><div class="names">{"".join(left)}</div>'
        f'<div class="track"><svg viewBox="0 0 1000 {height}" style="height:{height}px" preserveAspectRatio="none" '
        f'role="img" aria-label="{said}">{"".join(shapes)}</svg>{"".join(marks)}</div>'
        f'<div class="spans">{"".join(right)}</div></div>'
        f'<div class="axis"><span>0</span><span>{duration(axis.length)}</span></div>'
    )


def _bar(axis: _Axis, stage: Mapping[str, Any], y: int) -> str:
    began, ended = axis(stage["began"]), axis(stage["ended"])
    kind = "bar quiet" if stage.get("quiet") else "bar"
    return (
        f'<line class="guide" x1="0" x2="1000" y1="{y + ROW / 2}" y2="{y + ROW / 2}"/>'
        f'<rect class="{kind}" x="{began:.2f}" y="{y + 8}" width="{max(ended - began, 2):.2f}" height="{ROW - 16}"/>'
    )


def _band(axis: _Axis, outage: Mapping[str, Any], height: int) -> str:
    began, ended = axis(outage["began"]), axis(outage["ended"])
    return f'<rect class="down" x="{began:.2f}" y="0" width="{max(ended - began, 2):.2f}" height="{height}"/>'


def _marks(axis: _Axis, outages: Sequence[Mapping[str, Any]]) -> list[str]:
    """How long each outage was, above it; one that is too close to its neighbour stands a line lower."""
    marks, taken = [], -100.0
    for outage in outages:
        middle = axis((outage["began"] + outage["ended"]) / 2) / 10
        lower = middle - taken < MARK_WIDTH
        if not lower:
            taken = middle
        said = duration(outage["ended"] - outage["began"])
        marks.append(f'<span class="mark{" lower" if lower else ""}" style="left:{middle:.2f}%">{said}</span>')
    return marks


def _area(axis: _Axis, traffic: Sequence[Sequence[float]]) -> list[str]:
    """Answers a second as a stepped area: each row is (second, answered, failed)."""
    rows = [row for row in traffic if axis.began <= row[0] <= axis.began + axis.length]
    if not rows:
        return []
    rates = [(row[0], row[0] + 1, row[1]) for row in rows]
    return [_stepped(axis, rates, CHART - 4, CHART - 22, max(row[1] for row in rows))]


def _stepped(axis: _Axis, rates: Sequence[tuple[float, float, float]], floor: int, height: int, peak: float) -> str:
    """An area of so many pixels above its floor, from (began, ended, rate)."""
    scale, points = height / max(peak, 1), [f"{axis(rates[0][0]):.2f},{floor}"]
    for began, ended, rate in rates:
        points += [f"{axis(began):.2f},{floor - rate * scale:.1f}", f"{axis(ended):.2f},{floor - rate * scale:.1f}"]
    return f'<polygon class="area" points="{" ".join(points)} {axis(rates[-1][1]):.2f},{floor}"/>'


def _peak(traffic: Sequence[Sequence[float]]) -> str:
    return f"max {max((int(row[1]) for row in traffic), default=0)}"


def _chart_cell(words: str, height: int) -> str:
    return f'<div class="chart" style="height:{height}px">{escape(words)}</div>' if height else ""
