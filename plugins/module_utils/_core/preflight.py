# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the host has against a migration, all of it at once, found without changing anything."""

from __future__ import annotations

import os

from . import mounts
from .errors import MediastoreError
from .files import free_bytes
from .services import Run, unknown
from .stages import Application

#: the journal needs about 200 bytes a file, and SQLite a copy of what it changes
NEEDED_BYTES = 64 * 1024 * 1024


def findings(app: Application, state_dir: str, backup_is_ours: bool, run: Run) -> list[str]:
    """One sentence for each reason why this migration cannot go well."""
    return [*_path(app, backup_is_ours), *_state(app.path, state_dir), *_config(app), *_services(app, run)]


def _path(app: Application, backup_is_ours: bool) -> list[str]:
    path, backup = app.path, app.path + ".before-s3"
    if not os.path.isabs(path) or os.path.normpath(path) != path:
        return [f"{path} is not a plain absolute path. Give it without '..' and without a final '/'."]
    if not os.path.lexists(path):
        return [f"{path} does not exist. Create it, or correct the path of the application."]
    if os.path.islink(path):
        return [f"{path} is a symbolic link to {os.path.realpath(path)}. Use that path."]
    if not os.path.isdir(path):
        return [f"{path} is not a directory. Correct the path of the application."]
    found = []
    # after a cutover it may be the mount of the bucket
    shown = "" if backup_is_ours else mounts.shown_bucket(os.fsencode(os.path.realpath(path)), mounts.now())
    if shown:
        found.append(
            f"{path} shows a bucket already ({shown}), and such a mount can leave files out when it lists them. "
            "Copy from bucket to bucket (mediastore.s3.bucket_copy) while nothing writes to it."
        )
    elif os.path.ismount(path) and not backup_is_ours:
        found.append(f"{path} is a mount point, which cannot be renamed. Let the application use a directory inside it.")
    if not os.access(path, os.R_OK | os.X_OK):
        found.append(f"{path} cannot be read. Run as a user who may (become).")
    if not os.access(os.path.dirname(path), os.W_OK | os.X_OK):
        found.append(f"{os.path.dirname(path)} cannot be written, so {path} cannot be renamed. Run as a user who may (become).")
    if os.path.lexists(backup) and not backup_is_ours:
        found.append(f"{backup} exists already, and the cutover needs that name. Move it away.")
    for name in app.local_only:
        if os.path.basename(name) != name or name in ("", ".", ".."):
            found.append(f"{name!r} cannot stay local: only folders directly below {path} can. Correct local_only.")
    return found


def nested(path: str, state_dir: str) -> str:
    """Why the media and the state cannot be where they are, or an empty string."""
    inside = os.path.realpath(path) + os.sep
    state = os.path.realpath(state_dir) + os.sep
    if state.startswith(inside):
        return f"The state directory {state_dir} is inside {path}, so it would be migrated."
    if inside.startswith(state):
        return f"{path} is inside the state directory {state_dir}."
    return ""


def _state(path: str, state_dir: str) -> list[str]:
    where = nested(path, state_dir)
    if where:
        return [f"{where} Choose another migrate_state_dir."]
    found = []
    nearest = state_dir
    while not os.path.exists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.access(nearest, os.W_OK | os.X_OK):
        found.append(
            f"The state directory {state_dir} cannot be written. Run as a user who may, or choose another migrate_state_dir."
        )
    free = free_bytes(state_dir)
    if free < NEEDED_BYTES:
        found.append(
            f"The filesystem of the state directory {state_dir} has {free >> 20} MiB free, and the journal needs "
            f"{NEEDED_BYTES >> 20} MiB. Free some space, or choose another migrate_state_dir."
        )
    return found


def _config(app: Application) -> list[str]:
    found = []
    for path in app.config_files:
        if not os.path.isabs(path):
            found.append(f"The configuration file {path} is not an absolute path. Correct it.")
        elif os.path.isdir(path):
            found.append(f"The configuration file {path} is a directory. Correct it.")
        elif not os.path.isdir(os.path.dirname(path)):
            found.append(f"The directory of the configuration file {path} does not exist. Create it, or correct the path.")
        elif not os.access(os.path.dirname(path), os.W_OK | os.X_OK):
            found.append(
                f"The configuration file {path} cannot be replaced. Run as a user who may write {os.path.dirname(path)} (become)."
            )
    if len(set(app.config_files)) != len(app.config_files):
        found.append("A configuration file is named twice. Name each once.")
    return found


def _services(app: Application, run: Run) -> list[str]:
    try:
        return [f"systemd does not know the service {unit}. Correct its name." for unit in unknown(app.services, run)]
    except MediastoreError as exc:  # a host without systemd has other findings too, and all of them are wanted
        return [str(exc)]
