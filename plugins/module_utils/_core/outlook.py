# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Say how a migration stands, what to do next and how to go back, in lines for a person."""

from __future__ import annotations

from .clock import seconds, utc
from .migration import Migration
from .progress import human

#: stage -> playbook that comes next, and why
_NEXT = {
    "new": ("sync", "copies while the application runs; plan says what that would be"),
    "synced": ("cutover", "when the application may stop for some seconds"),
    "stopping": ("cutover", "an earlier run was cut short: this finishes it, and the application runs in the end"),
    "settled": ("cutover", "an earlier run was cut short: this finishes it, and the application runs in the end"),
    "backed_up": ("cutover", "an earlier run was cut short: this finishes it, and the application runs in the end"),
    "restarting": ("cutover", "an earlier run was cut short: this finishes it, and the application runs in the end"),
    "rolling_back": ("rollback", "an earlier run was cut short: this finishes it, and the application runs in the end"),
    "restored": ("rollback", "an earlier run was cut short: this finishes it, and the application runs in the end"),
    "rolled_back": ("cutover", "to try again, when the cause is found"),
    "healthy": ("finalize", "removes the backup, when its time is up"),
}
_UNDO = ("stopping", "settled", "backed_up", "restarting", "healthy")
#: stage -> what that means
WORDS = {
    "new": "not begun",
    "synced": "copied to the bucket while the application runs; nothing is switched",
    "stopping": "INTERRUPTED while the application was being stopped",
    "settled": "INTERRUPTED after the last files were copied",
    "backed_up": "INTERRUPTED between the directory's renaming and a healthy application",
    "restarting": "INTERRUPTED while the application was being restarted",
    "healthy": "the application runs on the bucket; the old files are kept",
    "rolling_back": "INTERRUPTED on the way back",
    "restored": "INTERRUPTED on the way back; files and configuration are restored",
    "rolled_back": "the application runs on its own files again",
    "finalized": "done; the backup is removed",
}
#: the same where the old files stay where they are
_STAYS = {
    "healthy": "the application runs on the bucket, and on its files, which stay where they are",
    "finalized": "done; the files stay where they are",
}


def words(migration: Migration) -> str:
    """What its stage means."""
    return (migration.stays and _STAYS.get(migration.stage)) or WORDS[migration.stage]


def _next(migration: Migration) -> tuple[str, str]:
    """The playbook that comes next, and why; empty strings when there is none."""
    if migration.owed:
        return "rollback", "brings back what was uploaded to the bucket in the meantime"
    if migration.stays and migration.stage == "healthy":
        if "proof" not in migration.figures:
            return "cutover", "an earlier run was cut short: this copies the rest, and proves it"
        return "finalize", "ends it, when its time is up: no file is removed, and there is no way back any more"
    return _NEXT.get(migration.stage, ("", ""))


def next_command(migration: Migration, command: str) -> str:
    """The exact command that comes next, or an empty string."""
    playbook = _next(migration)[0]
    return command + playbook if playbook else ""


def undo_command(migration: Migration, command: str) -> str:
    """The exact command that goes back, or an empty string when there is nothing to go back from."""
    return command + "rollback" if migration.stage in _UNDO else ""


def summary(migration: Migration, command: str, keep_days: float, report: str = "") -> list[str]:
    """The whole of it on one screen; ``report`` is where more is told, if it is."""
    lines = [f"{migration.name}: {migration.stage} ({words(migration)})"]
    if migration.history:
        lines[0] += f", since {migration.history[-1]['at']}"
    if migration.path:
        store = migration.store
        lines.append(f"  moves   {migration.path} to bucket {store.get('bucket', '')} at {store.get('endpoint', '')}")
    if migration.led_by:
        lines.append(f"  led by  {migration.led_by}, which moves the directory for all hosts that share it")
    lines += [f"  {line}" for line in [*_figures(migration), *_windows(migration), *_caveats(migration, keep_days)]]
    lines += [f"  report  {report}"] if report else []
    following, why = next_command(migration, command), _next(migration)[1]
    lines.append(f"Next: {following}   ({why})" if following else "Next: nothing")
    undo = undo_command(migration, command)
    lines.append(f"Undo: {undo}" if undo else "Undo: nothing to undo")
    return lines


def _figures(migration: Migration) -> list[str]:
    lines = []
    synced, proof = migration.figures.get("synced"), migration.figures.get("proof")
    if synced and not migration.led_by:
        lines.append(f"copied  {count(synced)} by the live sync")
    if proof:
        lines.append(f"proved  {count(proof)} of the {'directory' if migration.stays else 'backup'}, compared with the bucket")
        lines += [f"        certificate {proof['sha256']}"] if proof.get("sha256") else []
    finalized = migration.figures.get("finalized")
    if finalized and not migration.stays:
        stayed = finalized.get("stayed", 0)
        lines.append(f"removed {count(finalized)}; {stayed} files stayed that nothing proves to be in the bucket")
    return lines


def _windows(migration: Migration) -> list[str]:
    lines = [f"down    {value:.1f} s for the {kind}" for kind, value in migration.downtime_s.items()]
    if lines and migration.expected_s is not None and "cutover" in migration.downtime_s:
        lines[list(migration.downtime_s).index("cutover")] += f"; {migration.expected_s:.1f} s were expected"
    if migration.window:
        lines.append(f"down    since {migration.window['at']}")
    return lines


def _caveats(migration: Migration, keep_days: float) -> list[str]:
    lines = [f"why     {migration.reason}"] if migration.reason else []
    if migration.owed:
        lines.append("owed    the bucket could not be read during the undo: uploads of the last minutes are only there")
    # in check mode the stage is only predicted, so there is no time to count from
    if migration.stage == "healthy" and migration.when("healthy"):
        due = utc(seconds(migration.when("healthy")) + keep_days * 86400)
        lines.append(
            f"files   {migration.backup}, a way back until {due}"
            if migration.stays
            else f"backup  {migration.backup}, kept until {due}"
        )
    return lines


def count(figures: dict[str, object]) -> str:
    """1 234 files, 5.6 MiB."""
    number = f"{int(str(figures.get('files') or 0)):,}".replace(",", " ")
    return f"{number} files, {human(float(str(figures.get('bytes') or 0)))}"
