# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a migration's own record tells about it, in the shape that the report shows."""

from __future__ import annotations

from typing import Any

from .clock import seconds, utc
from .migration import Migration
from .outlook import count, undo_command, words

#: what is shown of each stage that was entered
_LOGGED = {
    "synced": "copied to the bucket, while the application ran",
    "stopping": "the application is about to be stopped for the cutover",
    "restarting": "the application is about to be restarted for the cutover; its files stay where they are",
    "settled": "the last files are copied",
    "backed_up": "the old directory is set aside",
    "rolling_back": "the way back begins",
    "restored": "files and configuration are restored",
    "rolled_back": "the application runs on its own files again",
    "finalized": "the backup is removed",
}


#: what is drawn of the last way there or back: what had been going on when a stage was entered
_DRAWN = {
    "settled": "stop, last copy",
    "backed_up": "set aside",
    "healthy": "switch, start",
    "rolling_back": "until it failed",
    "restored": "stop, bring back",
    "rolled_back": "start",
}


def account(migration: Migration, command: str, now: float) -> dict[str, Any]:
    """The report of a migration as it stands; what never happened is not in it."""
    synced, proof = migration.figures.get("synced", {}), migration.figures.get("proof")
    report: dict[str, Any] = {
        "title": f"The migration {migration.name}",
        "source": migration.path,
        "bucket": migration.store.get("bucket", ""),
        "endpoint": migration.store.get("endpoint", ""),
        "generated": utc(now),
        "moved": {key: synced[key] for key in ("files", "bytes", "files_per_s", "bytes_per_s") if synced.get(key)},
        "throughput": synced.get("throughput", []),
        "window": _window(migration),
        **_drawn(migration),
        "log": [[f"{entry['at'][:19].replace('T', ' ')} UTC", _said(entry, migration.stays)] for entry in migration.history],
        "undo": undo_command(migration, command),
        "facts": _facts(migration),
    }
    if migration.downtime_s:
        report["downtime_s"] = max(migration.downtime_s.values())
    if proof:
        what = f"all of the {'' if migration.stays else 'old '}directory, against a listing of the bucket"
        report["verification"] = [{"when": "after the cutover", "what": what, "checked": proof["files"]}]
    return report


def _said(entry: dict[str, Any], stays: bool) -> str:
    stage, down = entry["stage"], entry.get("downtime_s")
    if stage == "healthy":
        proof = entry.get("proof")
        said = f"proved: {count(proof)} are in the bucket" if proof else "the application runs on the bucket"
    elif stage == "finalized" and stays:
        said = "the files stay where they are, and there is no way back any more"
    else:
        said = _LOGGED[stage]
    if down:
        said += f"; it was down for {down:.1f} s"
    if entry.get("files") and stage != "healthy":
        said += f" ({count(entry)})"
    return f"{said}: {entry['reason']}" if entry.get("reason") else said


def _drawn(migration: Migration) -> dict[str, Any]:
    """The last cutover or rollback, from before the stop to the proof, or as far as it came."""
    began = -1
    for place, entry in enumerate(migration.history):
        before = migration.history[place - 1]["stage"] if place else ""
        if entry["stage"] in ("stopping", "restarting") or (entry["stage"], before) == ("rolling_back", "healthy"):
            began = place
    if began < 0:
        return {}
    stages, outages = [], []
    for before, entry in zip(migration.history[began:], migration.history[began + 1 :]):
        name = "proof" if entry.get("proof") else _DRAWN.get(entry["stage"])
        if (before["stage"], name) == ("restarting", _DRAWN["healthy"]):
            name = "restart"
        since, at = seconds(before["at"]), seconds(entry["at"])
        # A clock that was set back meanwhile cannot be drawn.
        if name is None or at < since:
            break
        stages.append({"name": name, "began": since, "ended": at, "quiet": name == "proof"})
        if "downtime_s" in entry:
            outages.append({"began": at - entry["downtime_s"], "ended": at})
    return {"stages": stages, "outages": outages, "outages_by": "the playbook measured it, from the stop to the answer"}


def _window(migration: Migration) -> list[list[Any]]:
    """Where the seconds of the last cutover went that ended well, as far as the stages tell."""
    window = migration.figures.get("window")
    parts = [["last copy", window["copied_s"]], ["stop, switch and start", window["rest_s"]]] if window else []
    return [part for part in parts if part[1] or not migration.stays]


def _facts(migration: Migration) -> list[list[str]]:
    certified = migration.figures.get("proof", {}).get("sha256")
    facts = [["Stands at", f"{migration.stage}: {words(migration)}"]]
    if certified:
        facts.append(["Certificate of what was proved", f"SHA-256 {certified}"])
    facts += [[f"Down for the {kind}", f"{value:.1f} s"] for kind, value in migration.downtime_s.items()]
    if migration.expected_s is not None and "cutover" in migration.downtime_s:
        facts.append(["Expected for the cutover", f"{migration.expected_s:.1f} s"])
    if migration.services:
        facts.append(["Services", ", ".join(str(service["name"]) for service in migration.services)])
    if migration.stage == "healthy":
        facts.append(["Old files", migration.backup])
    if migration.stage == "finalized" and migration.stays:
        facts.append(["Old files", f"stay in {migration.path}"])
    elif migration.stage == "finalized":
        done, since = migration.figures["finalized"], seconds(migration.when("finalized")) - seconds(migration.when("healthy"))
        facts.append(
            ["Old files", f"{count(done)} removed {since / 86400:.1f} days after the cutover; {done.get('stayed', 0)} stayed"]
        )
    return facts
