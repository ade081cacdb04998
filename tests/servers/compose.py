# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for `docker compose` with a Mastodon: its container `web` is depot.py, with what docker-compose.yml gives `web`.

    compose.py compose --project-directory DIR config --services
    compose.py compose --project-directory DIR stop|up --detach --force-recreate SERVICE...
    compose.py compose --project-directory DIR exec -T SERVICE COMMAND...

The settings that a container has are those of its `env_file` when it was made, and its media are in the volume for
/mastodon/public/system. DIR/stand-in.json has what a real container does not need (`port`, `ca_path`). All that it is told is in
DIR/told.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import depot
import yaml

INSIDE = "/mastodon/public/system"


def make(directory: Path, service: dict[str, object]) -> Path:
    """A container: the settings as they are now, and the volume."""
    volumes = dict(reversed(str(one).split(":")) for one in service["volumes"])  # type: ignore[attr-defined]
    settings = directory / ".container.env"
    shutil.copy(directory / str(service["env_file"]), settings)
    made = directory / ".container.json"
    run = {"pid_file": str(directory / ".pid"), "log": str(directory / ".log"), "env_file": str(settings)}
    made.write_text(
        json.dumps(
            {**json.loads((directory / "stand-in.json").read_text()), **run, "directory": str(directory / volumes[INSIDE])}
        )
    )
    return made


def main() -> int:
    """The command line."""
    word, option, where, action, *rest = sys.argv[1:]
    assert (word, option) == ("compose", "--project-directory"), sys.argv
    directory = Path(where)
    with (directory / "told").open("a") as told:
        print(action, *rest, file=told)
    services = yaml.safe_load((directory / "docker-compose.yml").read_text())["services"]
    named = [one for one in rest if not one.startswith("-")]
    if action == "config":
        assert rest == ["--services"]
        print(*services, sep="\n")
        return 0
    made = directory / ".container.json"
    if action == "exec":
        return 0 if made.exists() and depot.running(json.loads(made.read_text())) else 1
    unknown = set(named) - set(services)
    if unknown:
        print(f"no such service: {', '.join(unknown)}", file=sys.stderr)
        return 1
    if "web" in named and made.exists():
        depot.stop(json.loads(made.read_text()))
    if action == "up" and "web" in named:
        assert {"--detach", "--force-recreate"} <= set(rest), "a container that exists has the settings from before"
        made = make(directory, services["web"])
        return depot.start(json.loads(made.read_text()), str(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
