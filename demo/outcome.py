# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of it: the report for people and machines, the summary, and the line for scripts."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from plugins.module_utils._core.report import as_html, as_json
from story import Story

#: shorter parts of the window are not worth a word
WORTH_NAMING_S = 0.2


class Outcome:
    """Figures of a story that was played to its end, or to where it broke."""

    def __init__(self, story: Story) -> None:
        self.story = story
        windows = [run for run in story.runs if run.name in ("cutover", "rollback")]
        outside = [outage.seconds for run in windows for outage in story.outages_of(run)]
        self.complete = len(story.checks) == 3
        measured = outside + [seconds for name, seconds in story.recorded]
        #: the worst that anybody measured; None when a window is not known from both sides
        self.downtime = max(measured) if outside and len(story.recorded) == 3 else None
        self.lost = len({fault.partition(":")[0] for checked in story.checks for fault in checked.check.lost})
        self.media = story.ledger.uploads()
        self.rate = float(story.sync.get("files_per_s", 0))

    @property
    def good(self) -> bool:
        return self.complete and not self.lost and self.story.rolled_back and self.downtime is not None

    def line(self) -> str:
        """The line that scripts read."""
        downtime = "unknown" if self.downtime is None else f"{self.downtime:.1f}"
        rolled_back = "yes" if self.story.rolled_back else "no"
        return f"demo: media={self.media} rate={self.rate:.0f}/s downtime_s={downtime} lost={self.lost} rolled_back={rolled_back}"

    def summary(self) -> list[str]:
        """The same for people."""
        story = self.story
        kills = sum(run.killed for run in story.runs)
        lines = [
            f"Media moved          {self.media} uploads, {self._proof().get('files', 0)} files at the first cutover",
            f"Rate                 {self.rate:.0f} files/s in the live sync, while clients worked",
            f"Downtime             {self.downtime:.1f} s at worst, restart of the application included" if self.downtime else "",
            f"Acknowledged, lost   {self.lost} of {self.media}",
            f"Wrong answers        {len(story.traffic.wrong) if story.traffic else 0} in between",
            f"Killed               {kills} times, and the same command given again" if kills else "",
        ]
        return [line for line in lines if line]

    def write(self, home: Path, undo: str, facts: list[tuple[str, str]]) -> None:
        """Write report.html and report.json."""
        report = self._report(undo, facts)
        (home / "report.html").write_text(as_html(report), encoding="utf-8")
        (home / "report.json").write_text(as_json(report), encoding="utf-8")

    def _report(self, undo: str, facts: list[tuple[str, str]]) -> dict[str, Any]:
        story = self.story
        traffic = story.traffic
        assert traffic is not None
        synced, proof = story.sync, self._proof()
        return {
            "title": f"{story.application.name[0].upper()}{story.application.name[1:]} moved to S3",
            "source": str(story.application.media),
            "bucket": story.cutover.get("store", {}).get("bucket", ""),
            "endpoint": story.store.endpoint_url,
            "generated": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "moved": {
                "files": proof.get("files", 0),
                "bytes": proof.get("bytes", 0),
                "files_per_s": self.rate,
                "bytes_per_s": synced["bytes"] / synced["duration_s"] if synced else 0,
            },
            "media": self.media,
            "downtime_s": self.downtime,
            "uploads": {"acknowledged": self.media, "lost": self.lost},
            "rolled_back": story.rolled_back,
            "throughput": synced.get("throughput", []) if synced else [],
            "stages": self._stages(),
            "outages": [{"began": outage.began, "ended": outage.ended} for outage in merged(traffic.outages())],
            "traffic": [[second, seen.ok, seen.failed] for second, seen in sorted(traffic.seconds.items())],
            "window": self._window(),
            "verification": self._verification(),
            "undo": f"{undo}\n# at any time before mediastore.s3.migrate.finalize",
            "facts": facts,
        }

    def _stages(self) -> list[dict[str, Any]]:
        stages = [{"name": run.name, "began": run.began, "ended": run.ended} for run in self.story.runs]
        stages += [{"name": "check", "began": each.began, "ended": each.ended, "quiet": True} for each in self.story.checks]
        return sorted(stages, key=lambda stage: float(str(stage["began"])))

    def _window(self) -> list[tuple[str, float]]:
        """Where the seconds of the first cutover went, task by task; after a kill, of its last attempt."""
        run = next((run for run in self.story.runs if run.name == "cutover"), None)
        outages = merged(self.story.outages_of(run)) if run else []
        if not run or not outages:
            return []
        parts = run.between(outages[-1].began, outages[-1].ended)
        named = [(name, seconds) for name, seconds in parts if seconds >= WORTH_NAMING_S]
        return [*named, ("Between those", sum(part[1] for part in parts) - sum(part[1] for part in named))]

    def _proof(self) -> dict[str, Any]:
        """What the first cutover counted when it verified what it had set aside."""
        return dict(self.story.cutover.get("figures", {}).get("proof", {}))

    def _verification(self) -> list[dict[str, Any]]:
        proof = self.story.cutover.get("figures", {}).get("proof", {})
        rows = [
            {
                "when": "in the cutover",
                "what": f"every {'file set aside' if self.story.sets_aside else 'old file'} against the bucket, by size and MD5",
                "checked": proof.get("files", 0),
            }
        ]
        for each in self.story.checks:
            checked = each.check.uploads + each.check.thumbnails
            rows.append({"when": each.when, "what": each.what, "checked": checked, "wrong": len(each.check.lost)})
        return rows


def merged(outages: list[Any]) -> list[Any]:
    """One for each interruption: those of uploads and downloads overlap, and the longest counts."""
    kept: list[Any] = []
    for outage in outages:
        if kept and outage.began < kept[-1].ended:
            if outage.ended > kept[-1].ended:
                kept[-1] = type(outage)(kept[-1].began, outage.ended)
        else:
            kept.append(outage)
    return kept
