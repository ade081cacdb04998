# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MinIO on loopback, one directory, with a key for encryption (SSE-S3, SSE-KMS).

    with MinioS3(tmp_path) as store:
        print(store.connection)

The directory holds ``data``, ``tls``, ``certs`` and ``minio.log``. The same directory gives
the same store again, its object the same address and keys.
"""

from __future__ import annotations

import base64
import secrets
import shutil
from pathlib import Path

from .binaries import find
from .process import ProcessS3, write_private


class MinioS3(ProcessS3):
    """A running store; as a context manager it stops at the end."""

    provider = "minio"

    def __init__(self, directory: Path | str) -> None:
        super().__init__(directory)
        self.access_key, self.secret_key = "minioroot", secrets.token_hex(20)

    def _start(self) -> None:
        certs = self.directory / "certs"
        certs.mkdir(exist_ok=True)
        shutil.copy(self._tls.cert, certs / "public.crt")
        write_private(certs / "private.key", self._tls.key.read_text())
        address = f"127.0.0.1:{self._port('s3')}"
        command = [find("minio"), "server", "--certs-dir", str(certs), "--address", address, str(self.directory / "data")]
        self.endpoint_url = f"https://{address}"
        self._run("minio", command, self._environment())
        self._wait_until(self._lets_us_in)

    def _environment(self) -> dict[str, str]:
        key_file = self.directory / "kms.key"
        if not key_file.exists():
            write_private(key_file, base64.b64encode(secrets.token_bytes(32)).decode())
        return {
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "MINIO_KMS_SECRET_KEY": f"media:{key_file.read_text()}",
            "MINIO_BROWSER": "off",
            # It would ask for newer versions.
            "MINIO_UPDATE": "off",
        }
