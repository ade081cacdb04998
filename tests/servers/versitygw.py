# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Versity S3 gateway on loopback: objects are files, with policies, ACLs and versions, without lifecycle and encryption.

    with VersityS3(tmp_path) as store:
        print(store.connection)

The directory holds ``data`` (a directory per bucket), ``versions``, ``iam``, ``tls`` and ``versitygw.log``;
its file system must have extended attributes.
The same directory gives the same store again, its object the same address and keys.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from .binaries import find
from .process import ProcessS3


class VersityS3(ProcessS3):
    """A running store; as a context manager it stops at the end."""

    # Nothing is known of it: what it answers decides.
    provider = "versitygw"

    def __init__(self, directory: Path | str) -> None:
        super().__init__(directory)
        self.access_key, self.secret_key = "VERSITYROOT", secrets.token_hex(20)

    def _start(self) -> None:
        folders = {name: self.directory / name for name in ("data", "versions", "iam")}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        address = f"127.0.0.1:{self._port('s3')}"
        command = [find("versitygw"), "--port", address, "--cert", str(self._tls.cert), "--key", str(self._tls.key)]
        command += ["--iam-dir", str(folders["iam"]), "posix", "--versioning-dir", str(folders["versions"]), str(folders["data"])]
        keys = {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}
        self.endpoint_url = f"https://{address}"
        self._run("versitygw", command, keys)
        self._wait_until(self._lets_us_in)
