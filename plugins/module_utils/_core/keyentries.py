# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What stands in the way of the keys that host_vars describe, all of it at once and before anything is sent."""

from __future__ import annotations

import re
import typing as t

from .errors import BadInput, MediastoreError
from .grants import understood

#: What every store takes for a name; Backblaze takes no other signs.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,62}[A-Za-z0-9]")

Entry = t.Mapping[str, t.Any]


def check_key_name(name: str, tried: str) -> None:
    """Refuse a name that some store would not take, and with which a key could not move to another store."""
    if not NAME.fullmatch(name):
        raise BadInput(
            tried,
            said=f"{name!r} is no name that every store would take",
            remedy="Use 3 to 64 letters, digits and hyphens, with a letter or digit at both ends.",
        )


def problems(entries: t.Sequence[Entry], provider: t.Mapping[str, t.Any]) -> list[str]:
    """One sentence or two for each."""
    names = [str(entry.get("name")) for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    found = [f"mediastore_keys names a key twice: {', '.join(twice)}. Describe each key once."] if twice else []
    for entry in entries:
        found += [f"Key {entry.get('name')}: {words}" for words in _of(entry, provider)]
    return found


def _of(entry: Entry, provider: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    keys, title = provider["capabilities"]["keys"], provider["title"]
    if keys["keyring"] == "none":
        yield f"{title} has no interface that makes keys. Make it in {keys['console'] or 'its console'}, and leave the entry out."
        return
    if entry.get("secret_file") and entry.get("secret_vault"):
        yield "it has both secret_file and secret_vault. Keep one of them."
    if entry.get("state") == "absent":
        return
    if not entry.get("secret_file") and not entry.get("secret_vault"):
        yield "its secret would be lost: a role returns nothing. Set secret_file or secret_vault."
    if not entry.get("grants"):
        yield "it has no grants. Say what it may do."
    if entry.get("expires") and not keys["expires"]:
        yield f"it has expires, and a key of {title} does not end by itself. Leave it out."
    try:
        check_key_name(str(entry.get("name")), "")
        understood(entry.get("grants") or (), "", keys["levels"], keys["prefixes"], keys["lacks"])
    except MediastoreError as exc:
        yield f"{exc.said.rstrip('.')}. {exc.remedy}"
