# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a program that mounts buckets is told, and what it can and cannot do: one small file of facts for each of them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

#: where what the role writes about a mount is kept; only root enters
ETC = "/etc/mediastore/mounts"


@dataclass(frozen=True)
class Mount:
    """An entry of mediastore_mounts of which nothing is left open."""

    name: str
    bucket: str
    #: without slashes at its ends
    prefix: str
    path: str
    uid: str
    gid: str
    dir_mode: str
    file_mode: str
    endpoint: str
    region: str
    #: whether the bucket's name goes into the host name
    virtual: bool
    access_key: str
    secret_key: str
    session_token: str = ""
    ca_path: str = ""
    proxy_url: str = ""
    validate_certs: bool = True
    storage_class: str = ""
    sse_c_key: str = ""
    cache_path: str = ""
    cache_max_size: str = ""
    provider: str = "generic"

    def etc(self, name: str) -> str:
        """The path of a file of this mount."""
        return f"{ETC}/{self.name}/{name}"

    def place(self, separator: str) -> str:
        """Bucket and prefix in one word."""
        return f"{self.bucket}{separator}{self.prefix}" if self.prefix else self.bucket


@dataclass(frozen=True)
class Backend:
    """A program that mounts buckets."""

    program: str
    #: where the program comes from if nobody says, by family of distributions; none where no distribution has it
    packages: t.Mapping[str, str]
    #: where one that no distribution has can be downloaded
    home: str
    #: what else must be installed
    needs: t.Mapping[str, str]
    #: whether it tells systemd that the mount is there
    notifies: bool
    arguments: t.Callable[[Mount], list[str]]
    #: what the kernel shows as the source of the mount
    source: t.Callable[[Mount], str]
    #: files that only root may read, by name; secrets are nowhere else
    files: t.Callable[[Mount], dict[str, str]]
    #: the variable that names the file with the authorities to trust
    ca_variable: str = ""
    environment: t.Callable[[Mount], dict[str, str]] = field(default=lambda mount: {})
    #: where what it has taken and not yet uploaded is noted; without it, what close() has returned for is in the bucket
    pending: t.Callable[[Mount], str] = field(default=lambda mount: "")
    #: attributes of a Mount that it cannot be asked for -> why, and what to use instead
    lacks: t.Mapping[str, str] = field(default_factory=dict)
    #: options that may not be given -> why, and what to use instead
    refuses: t.Mapping[str, str] = field(default_factory=dict)
    #: what else is wrong with what is asked for
    problems: t.Callable[[Mount], list[str]] = field(default=lambda mount: [])


def aws_credentials(mount: Mount) -> str:
    """A key in the format of Amazon's own tools."""
    lines = ["[default]", f"aws_access_key_id = {mount.access_key}", f"aws_secret_access_key = {mount.secret_key}"]
    return "\n".join([*lines, *([f"aws_session_token = {mount.session_token}"] if mount.session_token else [])]) + "\n"
