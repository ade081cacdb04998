# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""geesefs: the fork of goofys that is maintained. Nothing of it was run here; facts are of its README and its help text."""

from __future__ import annotations

from .backend import Backend, Mount, aws_credentials

SSE_C = (
    "geesefs takes the key only on its command line, where every user of the host can read it. Use backend: rclone or s3fs with "
    "sse_c_key."
)


def arguments(mount: Mount) -> list[str]:
    found = ["-f", "-o", "allow_other", "--shared-config", mount.etc("credentials")]
    found += ["--endpoint", mount.endpoint, "--region", mount.region, "--uid", mount.uid, "--gid", mount.gid]
    found += ["--dir-mode", mount.dir_mode, "--file-mode", mount.file_mode]
    # The first listing may skip files (its README), and without the other a close() tells nothing.
    found += ["--list-type", "2", "--fsync-on-close"]
    # It must not look whether the bucket lets strangers in, nor give up being root, whose files the keys are in.
    found += ["--no-detect", "--setuid", "0", "--setgid", "0"]
    found += ["--subdomain"] if mount.virtual else []
    found += [] if mount.validate_certs else ["--no-verify-ssl"]
    found += ["--cache", mount.cache_path] if mount.cache_path else []
    return found + (["--storage-class", mount.storage_class] if mount.storage_class else [])


BACKEND = Backend(
    program="geesefs",
    packages={},
    home="https://github.com/yandex-cloud/geesefs/releases",
    needs={"Debian": "fuse3", "RedHat": "fuse"},
    notifies=False,
    arguments=arguments,
    source=lambda mount: mount.place(":"),
    files=lambda mount: {"credentials": aws_credentials(mount)},
    ca_variable="SSL_CERT_FILE",
    lacks={
        "sse_c_key": SSE_C,
        "cache_max_size": "geesefs cannot bound its cache on disk. Give it a filesystem of its own, or use backend: rclone.",
    },
    refuses={"--sse-c": SSE_C},
)
