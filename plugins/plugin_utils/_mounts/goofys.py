# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""goofys: quick, and strict about what it cannot do. Facts are of 0.24.0, the last release."""

from __future__ import annotations

from .backend import Backend, Mount, aws_credentials

SSE_C = (
    "goofys takes the key only on its command line, where every user of the host can read it, and together with --sse it ignores "
    "it without a word (kahing/goofys#662). Use backend: rclone or s3fs with sse_c_key."
)


def arguments(mount: Mount) -> list[str]:
    # Without a region it asks the bucket for it without a key, and goes on without one if that is answered.
    found = ["-f", "-o", "allow_other", "--endpoint", mount.endpoint, "--region", mount.region]
    found += ["--uid", mount.uid, "--gid", mount.gid, "--dir-mode", mount.dir_mode, "--file-mode", mount.file_mode]
    found += ["--subdomain"] if mount.virtual else []
    return found + (["--storage-class", mount.storage_class] if mount.storage_class else [])


BACKEND = Backend(
    program="goofys",
    packages={},
    home="https://github.com/kahing/goofys/releases",
    needs={"Debian": "fuse3", "RedHat": "fuse"},
    notifies=False,
    arguments=arguments,
    source=lambda mount: mount.place(":"),
    files=lambda mount: {"credentials": aws_credentials(mount)},
    ca_variable="SSL_CERT_FILE",
    environment=lambda mount: {"AWS_SHARED_CREDENTIALS_FILE": mount.etc("credentials")},
    lacks={
        "sse_c_key": SSE_C,
        "cache_path": "goofys has no cache of its own (its --cache runs another program, catfs). Use backend: rclone or s3fs.",
        "validate_certs": "goofys accepts only valid certificates. Name the store's authority as ca_path of the connection.",
    },
    refuses={"--sse-c": SSE_C, "--cache": "It needs catfs. Use backend: rclone or s3fs, which have caches."},
)
