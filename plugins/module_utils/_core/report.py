# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The report of a migration as one HTML page that needs nothing else: no network, no script, light and dark, phone and print.

The mapping it takes is what report.json holds. Every key may be absent; what is not known is not shown:

    title, source, bucket, endpoint, generated     words
    moved         {files, bytes, files_per_s, bytes_per_s}
    downtime_s    seconds, the worst that anybody measured
    uploads       {acknowledged, lost}
    rolled_back   bool
    stages        [{name, began, ended, quiet}]    seconds of the clock; quiet: not a playbook but a check around it
    outages       [{began, ended}]
    outages_by    how they are known
    traffic       [[second, answered, failed]]
    throughput    [[second, files, bytes]]         how the largest live copy went, counted from its start
    window        [[step, seconds]]                where the seconds of the cutover went
    log           [[moment, what happened]]
    verification  [{when, what, checked, wrong}]
    undo          the command that goes back
    facts         [[name, value]]
"""

from __future__ import annotations

import json
from html import escape
from typing import Any, Mapping

from .progress import human
from .report_style import STYLE
from .timeline import steps, throughput, timeline

Report = Mapping[str, Any]


def as_json(report: Report) -> str:
    """The machine's copy of the report."""
    return json.dumps(report, indent=2, sort_keys=True) + "\n"


def as_html(report: Report) -> str:
    """The people's copy of the report."""
    sections = (_head, _figures, _timeline, _throughput, _window, _log, _verification, _undo, _facts)
    title = escape(str(report.get("title", "Migration report")))
    body = "".join(section(report) for section in sections)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}</style>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>{body}</main></body></html>\n'


def number(value: float) -> str:
    """Thousands apart by a thin space."""
    return f"{value:,.0f}".replace(",", "\u202f")


def _head(report: Report) -> str:
    lost = report.get("uploads", {}).get("lost")
    verdict = {None: "", 0: '<p class="verdict good">Nothing was lost</p>'}.get(
        lost, f'<p class="verdict bad">{lost} uploads were lost</p>'
    )
    ends = [report[end] for end in ("source", "bucket") if report.get(end)]
    route = ' <span class="to">to</span> '.join(f"<code>{escape(str(end))}</code>" for end in ends)
    return (
        f'<header>{verdict}<h1>{escape(str(report.get("title", "Migration report")))}</h1><p class="route">{route}</p></header>'
    )


def _figures(report: Report) -> str:
    moved, uploads = report.get("moved", {}), report.get("uploads", {})
    tiles = []
    if moved.get("files"):
        tiles.append((number(moved["files"]), "files moved", human(moved.get("bytes", 0))))
    if moved.get("files_per_s"):
        speed = f"{human(moved['bytes_per_s'])}/s, " if moved.get("bytes_per_s") else ""
        tiles.append((number(moved["files_per_s"]), "files per second", f"{speed}while it was in use"))
    if report.get("downtime_s") is not None:
        tiles.append((f"{report['downtime_s']:.1f}", "seconds of downtime", "restart of the application included"))
    if uploads:
        tiles.append((number(uploads["lost"]), "uploads lost", f"of {number(uploads['acknowledged'])} acknowledged"))
    cells = [f"<div><b>{big}</b><span>{what}</span><small>{more}</small></div>" for big, what, more in tiles]
    return f'<section class="figures">{"".join(cells)}</section>' if cells else ""


def _timeline(report: Report) -> str:
    outages = report.get("outages", [])
    picture = timeline(report.get("stages", []), outages, report.get("traffic", []))
    by = escape(str(report.get("outages_by", "the clients outside measured it")))
    note = f"Red: nothing answered, as {by}." if outages else ""
    return _section("What happened", picture and f'{picture}<p class="note">{note}</p>')


def _throughput(report: Report) -> str:
    return _section("How fast it was copied", throughput(report.get("throughput", [])))


def _window(report: Report) -> str:
    return _section("Inside the cutover", steps([(str(name), float(seconds)) for name, seconds in report.get("window", [])]))


def _log(report: Report) -> str:
    rows = [f"<dt>{escape(str(at))}</dt><dd>{escape(str(what))}</dd>" for at, what in report.get("log", [])]
    return _section("Stage by stage", rows and f"<dl>{''.join(rows)}</dl>")


def _verification(report: Report) -> str:
    rows = []
    for row in report.get("verification", []):
        wrong = int(row.get("wrong", 0))
        verdict = f'<td class="bad">{number(wrong)} wrong</td>' if wrong else '<td class="good">all right</td>'
        rows.append(
            f"<tr><th>{escape(str(row.get('when', '')))}</th><td>{escape(str(row.get('what', '')))}</td>"
            f'<td class="n">{number(row.get("checked", 0))}</td>{verdict}</tr>'
        )
    head = '<thead><tr><th>When</th><th>What was compared</th><th class="n">Checked</th><th>Outcome</th></tr></thead>'
    return _section("What was verified", rows and f'<div class="wide"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>')


def _undo(report: Report) -> str:
    undo = report.get("undo")
    return _section("The way back", undo and f"<pre><code>{escape(str(undo))}</code></pre>")


def _facts(report: Report) -> str:
    facts = [*report.get("facts", [])]
    facts += [(name.capitalize(), report[name]) for name in ("endpoint", "generated") if report.get(name)]
    rows = [f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in facts]
    return _section("Particulars", rows and f"<dl>{''.join(rows)}</dl>")


def _section(title: str, body: Any) -> str:
    return f"<section><h2>{title}</h2>{body}</section>" if body else ""
