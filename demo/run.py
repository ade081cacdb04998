# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves the media of a real, used Matrix Synapse to S3 and back and there again, with the collection's own playbooks.

make demo                     a Synapse with 1000 media
make demo SOURCE=/directory   a copy of that directory behind a small HTTP application
make demo ORDER=switch-first  a Synapse with 1000 media, switched with one restart
make demo KILL=word           kills ansible-playbook at moments that follow from the word, and gives the same command again
make release-check            the same with the collection as it is released, installed from its archive
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ledger import Ledger
from outcome import Outcome
from playbooks import PlaybookFailed, Playbooks
from processes import Stopped, mark, stop_on_signals, sweep
from scene import STORE_WHY, Application, DirectoryScene, SynapseScene, Unplayable, make_store, store_version, write_inventory
from screen import Screen
from story import Broken, Story

ANSIBLE_CFG = """\
[defaults]
collections_path = {collections}
home = {home}/ansible
localhost_warning = false
[connection]
pipelining = true
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--synapse-python", metavar="PATH", help="Python of a virtual environment with Synapse, whose media are migrated"
    )
    what.add_argument("--source", type=Path, metavar="DIR", help="migrate a copy of this directory instead")
    parser.add_argument("--kill", default="", metavar="SEED", help="kill the running playbooks at random moments")
    parser.add_argument(
        "--order", choices=("stop-first", "switch-first"), default="stop-first", help="what comes first in a cutover"
    )
    parser.add_argument(
        "--collections", type=Path, metavar="DIR", help="use the collection that is installed there, instead of this checkout"
    )
    parser.add_argument("--media", type=int, default=1000, metavar="N", help="number of media to begin with")
    return parser.parse_args()


def perform(asked: argparse.Namespace, home: Path, screen: Screen) -> int:
    """Set the stage, play, tell what came of it, and leave nothing running."""
    story = None
    try:
        story = set_up(asked, home, screen)
        story.play()
        return tell(story, home, screen)
    except (Broken, PlaybookFailed, Unplayable) as error:
        screen.say(f"\nThe demo broke: {error}")
        if story and story.runs:
            screen.say(Outcome(story).line())
        return 1
    finally:
        if story:
            story.stop()
        sweep(home)


def set_up(asked: argparse.Namespace, home: Path, screen: Screen) -> Story:
    """Start the S3 server, make the application and write the inventory."""
    logs = home / "logs"
    logs.mkdir(parents=True)
    forget_settings()
    if asked.source and asked.order != "stop-first":
        raise Unplayable(f"ORDER={asked.order} is for Synapse; the small application with a directory reads one place only.")
    store = make_store(home).start()
    application: Application
    if asked.source:
        application = DirectoryScene(home, asked.source.resolve())
    else:
        application = SynapseScene(home, asked.synapse_python, str(store.ca_path), asked.media)
    inventory = write_inventory(home, application, store, asked.order)
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory)]
    playbooks = Playbooks(command, write_ansible_cfg(home, asked.collections), logs, screen, asked.kill)
    screen.say(f"Moves        {application.name}: {application.about}; in {shown(application.media)}")
    screen.say(f"S3 server    {store_version()} serve s3 at {store.endpoint_url}: {STORE_WHY}")
    screen.say(f"Inventory    {shown(inventory)} (what you would write), logs in {shown(logs)}\n")
    state = home / "state" / f"{application.role}-media" / "migration.json"
    return Story(application, store, playbooks, Ledger(home / "ledger.jsonl"), screen, state, asked.order == "stop-first")


def tell(story: Story, home: Path, screen: Screen) -> int:
    """The report, the summary and the last line."""
    outcome = Outcome(story)
    facts = [
        ("Application", story.application.about),
        ("S3 server", f"{store_version()} serve s3: {STORE_WHY}"),
        ("Inventory", str(home / "inventory")),
        ("Logs", str(home / "logs")),
        ("Machine", f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"),
    ]
    environment, inventory = f"ANSIBLE_CONFIG={shown(home / 'ansible.cfg')}", shown(home / "inventory")
    outcome.write(home, f"{environment} ansible-playbook -i {inventory} mediastore.s3.migrate.rollback", facts)
    screen.say()
    for line in outcome.summary():
        screen.say(line)
    screen.say(f"Report               {shown(home / 'report.html')}, {shown(home / 'report.json')}")
    screen.say(outcome.line())
    return 0 if outcome.good else 1


def forget_settings() -> None:
    """What the user has set for other work must not decide anything here; nothing on loopback goes through a proxy."""
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "AWS_")) or name in ("PYTHONPATH", "PYTHONHOME")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def write_ansible_cfg(home: Path, installed: Path | None) -> Path:
    """The collection is used as it was installed, or from this checkout, through a link where Ansible looks for collections."""
    if not installed:
        link = home / "collections" / "ansible_collections" / "mediastore" / "s3"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT)
    config = home / "ansible.cfg"
    config.write_text(ANSIBLE_CFG.format(home=home, collections=installed.resolve() if installed else home / "collections"))
    return config


def shown(path: Path) -> str:
    """A path as seen from where the user stands."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def main() -> int:
    screen = Screen()
    stop_on_signals()
    try:
        return alone(arguments(), ROOT / "build" / "demo", screen)
    except Stopped as stopped:
        screen.say(f"\nStopped by {stopped}; nothing is left running.")
        return 130


def alone(asked: argparse.Namespace, home: Path, screen: Screen) -> int:
    """Perform where nobody else does, on a clean stage."""
    home.mkdir(parents=True, exist_ok=True)
    with open(home.parent / "demo.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            screen.say(f"Another demo is running in {shown(home)}. Wait for it, or stop it.")
            return 2
        sweep(home)
        shutil.rmtree(home)
        mark(home)
        return perform(asked, home, screen)


if __name__ == "__main__":
    sys.exit(main())
