# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let s3_media_upload, which comes with Synapse's storage provider, send media to the bucket and remove them from the disk.

Run by Synapse's Python, as Synapse's user, in a directory of its own. What the script has to know is read where Synapse reads it,
so that both mean the same bucket, prefix and database. Around the script there is what it lacks (read in its version 1.7.0):

* It ends with status 0 when uploads fail, so that is told from what it prints, and then nothing is removed.
* It removes a file if the bucket has anything of that name, so a proof of all files goes before that.
* Its cache.db notes for ever what was unused or gone once, so it begins anew each time.
* boto3 would add checksums to what it sends that not every store accepts; the provider does not, either.
* It removes empty directories up to the media store and above; those above the content are held.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import yaml
from synapse.config._base import find_config_files, read_config_files

PROVIDER = "s3_storage_provider.S3StorageProviderBackend"
CONTENT = ("local_content", "local_thumbnails", "remote_content", "remote_thumbnail")
#: in a directory that must stay, while the script is at work
HOLD = ".mediastore-cleanup"
#: the provider's name of an option -> the environment's, where boto3 looks
ENVIRONMENT = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "region_name": "AWS_DEFAULT_REGION",
}
CHECKSUMS = {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}
#: an empty directory stays for so long: Synapse may have made it just now, for a file that comes next
SETTLED_S = 3600
SECONDS = {"s": 1, "h": 3600, "d": 86400, "w": 7 * 86400}
#: so many of its complaints are repeated
SHOWN = 10


class Refused(Exception):
    """Why nothing more is done; the words for the journal."""


def main() -> None:
    options = arguments()
    begun, counts, success = time.time(), {}, False
    with open("lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("Nothing was done: another run is at work. Wait for it to end.")
        try:
            clean_up(options, counts)
            success = True
        except Refused as error:
            sys.exit(str(error))
        finally:
            if options.metrics:
                write_metrics(options, counts, begun, success)
    print(f"{counts['deleted']} files removed from the disk, {counts['uploaded']} uploaded, in {time.time() - begun:.0f} s")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", action="append", required=True, help="file or directory, as Synapse's -c")
    parser.add_argument("--media", required=True, type=Path, help="the media store")
    parser.add_argument(
        "--unused", action="append", required=True, type=seconds, help="for so long, as in 90d; the longest counts"
    )
    parser.add_argument(
        "--proof", nargs=2, required=True, metavar=("PYTHON", "PROGRAM"), help="ends with 0 if the bucket has all"
    )
    parser.add_argument("--metrics", help="file for node_exporter")
    return parser.parse_args()


def seconds(text: str) -> int:
    """A duration; `m` is a month for the script and a minute for others, so there is none here."""
    if not re.fullmatch(r"[0-9]+[shdw]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number and one of {', '.join(SECONDS)}, as in 90d")
    return int(text[:-1]) * SECONDS[text[-1]]


def clean_up(options: argparse.Namespace, counts: dict[str, int]) -> None:
    """Send what is old and missing, prove, remove; ``counts`` says how far it came."""
    config = read_config_files(find_config_files(options.config))
    stored = place(config)
    with os.fdopen(os.open("database.yaml", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
        yaml.safe_dump(database(config), target)
    Path("cache.db").unlink(missing_ok=True)
    environment = {**os.environ, **CHECKSUMS}
    environment.update({theirs: str(stored[name]) for name, theirs in ENVIRONMENT.items() if stored.get(name)})
    where = [str(options.media), stored["bucket"], f"--prefix={stored.get('prefix') or ''}"]
    where.append(f"--storage-class={stored.get('storage_class') or 'STANDARD'}")
    if stored.get("endpoint_url"):
        where.append(f"--endpoint-url={stored['endpoint_url']}")

    run("update", environment, [str(options.media), f"{max(options.unused)}s"], new=r"Synced (\d+) new rows")
    counts.update(run("upload", environment, where, uploaded=r"Uploaded (\d+) files"))
    proof = subprocess.run(options.proof, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if proof.returncode:
        raise Refused(f"Nothing was removed. {proof.stdout.strip() or options.proof}")
    with held(options.media):
        done = run("upload", environment, [*where, "--delete"], uploaded=r"Uploaded (\d+) files", deleted=r"Deleted (\d+) files")
        prune(options.media)
    counts.update(uploaded=counts["uploaded"] + done["uploaded"], deleted=done["deleted"])


def place(config: dict) -> dict:
    """What the provider is told."""
    found = [
        entry.get("config") or {} for entry in config.get("media_storage_providers") or [] if entry.get("module") == PROVIDER
    ]
    if len(found) != 1 or not found[0].get("bucket"):
        raise Refused(f"Nothing was done: Synapse's configuration has {len(found)} of {PROVIDER}. It needs one, with a bucket.")
    if found[0].get("sse_customer_key"):
        raise Refused(
            "Nothing was done: s3_media_upload takes the key of SSE-C on its command line only, where everybody sees it."
        )
    return found[0]


def database(config: dict) -> dict:
    """database.yaml, of what Synapse is told."""
    told = config.get("database") or {}
    name, given = told.get("name"), told.get("args") or {}
    if name == "sqlite3":
        return {"sqlite": {"database": given.get("database")}}
    if name == "psycopg2":
        return {"postgres": {key: value for key, value in given.items() if not key.startswith("cp_")}}
    raise Refused(f"Nothing was done: s3_media_upload knows a `database` of sqlite3 or psycopg2, and Synapse's is {name}.")


def run(command: str, environment: dict[str, str], given: list[str], **counters: str) -> dict[str, int]:
    """Run the script; what it counted. It has failed if it says so, or does not count."""
    script = os.path.join(os.path.dirname(sys.executable), "s3_media_upload")
    counts, failed, last = {}, 0, ""
    with subprocess.Popen(
        [sys.executable, script, "--no-progress", command, *given],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout:
            last = line.strip() or last
            if line.startswith("Failed to upload"):
                failed += 1
                if failed <= SHOWN:
                    print(last)
            for name, pattern in counters.items():
                matched = re.match(pattern, line)
                if matched:
                    counts[name] = int(matched[1])
    if failed:
        raise Refused(f"s3_media_upload {command} failed for {failed} files, which are named above; they stay on the disk.")
    if process.returncode or len(counts) < len(counters):
        raise Refused(f"s3_media_upload {command} ended with status {process.returncode}: {last}")
    return counts


@contextlib.contextmanager
def held(media: Path):
    """While something is in it a directory cannot be removed."""
    holds = [media / name / HOLD for name in CONTENT if (media / name).is_dir()]
    for hold in holds:
        hold.mkdir(exist_ok=True)
    try:
        yield
    finally:
        for hold in holds:
            hold.rmdir()


def prune(media: Path) -> None:
    """Remove what is empty below the directories of content, and none of these."""
    before = time.time() - SETTLED_S
    for name in CONTENT:
        for folder, _folders, _files in os.walk(media / name, topdown=False):
            with contextlib.suppress(OSError):  # not empty, or gone
                if Path(folder) not in (media / name, media / name / HOLD) and os.stat(folder).st_mtime < before:
                    os.rmdir(folder)


def write_metrics(options: argparse.Namespace, counts: dict[str, int], begun: float, success: bool) -> None:
    """The same names as those of mediastore.s3.evict, as far as the script tells."""
    numbers = {
        "last_run_timestamp_seconds": time.time(),
        "last_run_success": int(success),
        "last_run_duration_seconds": time.time() - begun,
        "evicted_files": counts.get("deleted", 0),
        "uploaded_files": counts.get("uploaded", 0),
    }
    lines = []
    for name, number in numbers.items():
        lines += [f"# TYPE mediastore_evict_{name} gauge", f'mediastore_evict_{name}{{path="{options.media}"}} {number:.15g}']
    Path(options.metrics).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
