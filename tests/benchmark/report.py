# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns what was measured into build/bench.json, docs/performance.md and the closing line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

#: ratio -> work, what it says, what it must reach, and whether more is better
TARGETS: dict[str, tuple[str, str, float, bool]] = {
    "initial": ("initial", "throughput of the initial sync against the best other tool's", 2.0, True),
    "cpu": ("initial", "processor time for it against the most frugal other tool's", 0.5, False),
    "boto3_to_aws": ("initial", "throughput with the engine boto3 against aws s3 sync", 1.5, True),
    "peak_mib": ("initial", "peak memory of the initial sync, in MiB", 150, False),
    "latency": ("latency", "throughput at 20 ms, default settings against the best other tool's best", 1.0, True),
    "large": ("large", "throughput with large files against the best other tool's", 0.95, True),
    "delta": ("delta", "delta pass against find -printf and our own upload of the new files alone", 1.5, False),
    "delta_to_find_and_rclone": ("delta", "the same against find -printf and rclone's upload of the new files alone", 1.5, False),
    "delta_to_rclone": ("delta", "delta pass against rclone's with its usual comparison", 0.1, False),
    "delta_to_rclone_server_times": (
        "delta",
        "delta pass against rclone's fastest comparison with the bucket (one listing, times of the server)",
        0.1,
        False,
    ),
    "delta_to_aws": ("delta", "delta pass against aws s3 sync's", 0.1, False),
    "feed": ("feed", "delta pass with the change feed, large store against small", 1.2, False),
    "verify": ("verify", "verification from the journal against a bare listing with boto3", 2.0, False),
    "window": ("window", "downtime of a cutover against stop, our upload of the new files alone, and start", 1.5, False),
    "window_walked": ("window", "the same without the change feed", 1.5, False),
    "window_slow": ("window", "the same with the change feed, for an application that takes 5 s to start", 1.5, False),
    "evict": ("evict", "eviction against s3_media_upload", 20, True),
    "peak_mib_million": ("million", "peak memory with a million files, in MiB", 150, False),
}
CLOSING = ("initial", "cpu", "latency", "large", "delta", "verify")
TWO_DIGITS = ("delta",)


def closing_line(measured: Json) -> str:
    """The last line: ours against the best other tool, a dash for what was not measured."""
    shown = []
    for name in CLOSING:
        value = ratio(measured, name)
        digits = 2 if name in TWO_DIGITS else 1
        shown.append(f"{name}=-" if value is None else f"{name}={value:.{digits}f}x")
    return f"bench: {' '.join(shown)}"


def ratio(measured: Json, name: str) -> float | None:
    """One ratio, if its work was run."""
    work = measured["works"].get(TARGETS[name][0])
    return work["ratios"].get(name) if work else None


def reached(measured: Json) -> list[tuple[str, float, float, bool]]:
    """What was aimed at and measured: in words, value, aim, and whether it was reached."""
    found = []
    for name, (_work, words, aim, more) in TARGETS.items():
        value = ratio(measured, name)
        if value is not None:
            found.append((words, value, aim, value >= aim if more else value <= aim))
    return found


def page(measured: Json) -> str:
    """docs/performance.md."""
    lines = [*INTRODUCTION, *_aims(measured), *_how(measured)]
    for work in measured["works"].values():
        lines += _work(work)
    lines += _settings(measured)
    return "\n".join(lines).rstrip() + "\n"


INTRODUCTION = [
    "# Performance",
    "",
    "Written by `make bench`; do not edit. Only what was measured is here, also where ours lost. The seconds are this machine's.",
    "What travels to another one are the ratios and the processor time of the client, because the tools took turns in one run.",
    "",
]


def _aims(measured: Json) -> list[str]:
    lines = ["## In short", "", "| what | measured | aim | |", "| --- | --- | --- | --- |"]
    for name, (_work, words, aim, more) in TARGETS.items():
        value = ratio(measured, name)
        if value is None:
            continue
        memory = name.startswith("peak")
        shown, unit = (f"{value:.0f}", " MiB") if memory else (f"{value:.2f}", "×")
        verdict = "reached" if (value >= aim if more else value <= aim) else "**not reached**"
        words = words.replace(", in MiB", "")
        lines.append(f"| {words} | {shown}{unit} | {'≥' if more else '≤'} {aim:g}{unit} | {verdict} |")
    left = [words for name, (_work, words, _aim, _more) in TARGETS.items() if ratio(measured, name) is None]
    if left:
        lines += ["", f"Not measured in this run: {'; '.join(left)}."]
    return [*lines, ""]


def _how(measured: Json) -> list[str]:
    machine, scale, rounds = measured["machine"], measured["scale"], measured["rounds"]
    versions = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    again = f"make bench WORKS='{' '.join(measured['works'])}' SCALE={scale:g} ROUNDS={rounds}"
    return [
        "## How it was measured",
        "",
        f"* **Machine**: {machine['processors']} processors ({machine['model']}), {machine['memory_gib']} GiB,",
        f"  {machine['system']}, Linux {machine['kernel']}. Load when it began: {machine['load']}.",
        f"* **Versions**: {versions}.",
        "* **Server**: `tests/benchmark/nulls3.c` on loopback over TLS, on the same processors. It accepts any signature and",
        "  keeps no bytes, but computes the MD5 of all that comes, which is the ETag as with S3. So the client is what is",
        "  measured; against a real store all tools are slower, and nearer to each other.",
        "* **Proof**: after every run the keys, sizes and MD5s that the server noted (for uploads in parts those of each part)",
        "  are compared with the files. A byte that did not arrive ends the benchmark.",
        "* **Files**: `tests/benchmark/trees.py`, with fixed seeds, in the layouts of Synapse, Mastodon and Zulip; sizes",
        f"  log-normal between 2 KiB and 10 MiB, about 98 kB on average. Scale {scale:g}, where 1 is the full size.",
        f"* **Turns**: {rounds} rounds, each in an order drawn anew. The figures are medians, memory is the largest. A peer that",
        "  takes more than twice what the best peer takes, or that is only there for comparison, runs once; see the last column.",
        "* **Cost**: user and system time, and memory, of the client and all that it starts, with the start of the interpreter.",
        "  Ours is the module in a process of its own, as on a host, with its journal and the MD5 of every object compared.",
        f"* **Again**: `{again}`.",
        "",
    ]


HEADINGS = ("tool", "s", "files/s", "MB/s", "CPU s per 1 000 files", "peak MiB", "requests", "connections", "time ÷ ours", "runs")


def _work(work: Json) -> list[str]:
    lines = [f"## {work['title']}", "", work["what"], ""]
    if work["table"]:
        heading, *rows = work["table"]
        lines += [_row(heading), _row(["---"] * len(heading)), *map(_row, rows)]
        return [*lines, "", *_paragraphs(work["remarks"])]
    lines += [_row(HEADINGS), _row(["---"] * len(HEADINGS))]
    ours = next(result for result in work["results"] if result["ours"])
    for result in sorted(work["results"], key=lambda result: result["wall_s"]):
        lines.append(
            _row(
                [
                    f"**{result['tool']}**" if result["ours"] else result["tool"],
                    f"{result['wall_s']:.2f}",
                    f"{result['files_per_s']:.0f}",
                    f"{result['mb_per_s']:.0f}",
                    f"{result['cpu_s_per_1000_files']:.2f}",
                    f"{result['peak_mib']:.0f}",
                    str(result["requests"]),
                    str(result["connections"]),
                    f"{result['wall_s'] / ours['wall_s']:.2f}",
                    str(len(result["runs"])),
                ]
            )
        )
    return [*lines, "", *work["remarks"], *([""] if work["remarks"] else [])]


def _paragraphs(remarks: Iterable[str]) -> list[str]:
    return [line for remark in remarks for line in (remark, "")]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _settings(measured: Json) -> list[str]:
    lines = [
        "## Settings",
        "",
        "As they were run. Keys, endpoint and trust came through the environment or a configuration file.",
        "",
    ]
    seen = set()
    for work in measured["works"].values():
        for result in work["results"]:
            if not result["ours"] and result["command"] not in seen:
                seen.add(result["command"])
                lines.append(f"* {result['tool']}: `{result['command']}`")
    return lines
