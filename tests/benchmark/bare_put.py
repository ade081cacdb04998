# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files and sums them up, and sends them with obstore if it is told where to: the floor of every upload that proves itself.

Nothing is planned, compared, noted or tried again.

python bare_put.py DIRECTORY [ENDPOINT CA BUCKET]      (keys and region come from the environment)
"""

from __future__ import annotations

import hashlib
import os
import queue
import sys
import threading
from collections.abc import Callable

#: as many as ours begins with
THREADS = 16
CHUNK = 1 << 20


def main() -> None:
    """Do it with all files."""
    root = sys.argv[1]
    send = _sender(*sys.argv[2:]) if sys.argv[2:] else None
    files: queue.SimpleQueue[str] = queue.SimpleQueue()
    failed: list[Exception] = []
    for folder, _folders, names in os.walk(root):
        for name in names:
            files.put(os.path.join(folder, name))

    def work() -> None:
        try:
            take()
        except Exception as exc:
            failed.append(exc)

    def take() -> None:
        while not failed:
            try:
                path = files.get_nowait()
            except queue.Empty:
                return
            digest = hashlib.md5(usedforsecurity=False)
            with open(path, "rb", buffering=0) as source:
                if send:
                    body = source.read()
                    digest.update(body)
                    send(os.path.relpath(path, root), body, digest.hexdigest())
                else:
                    while chunk := source.read(CHUNK):
                        digest.update(chunk)

    threads = [threading.Thread(target=work) for _one in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"{failed[0]!r}")


def _sender(endpoint: str, ca_path: str, bucket: str) -> Callable[[str, bytes, str], None]:
    import obstore
    from obstore.store import S3Store

    os.environ["SSL_CERT_FILE"] = ca_path
    store = S3Store(bucket, endpoint=f"{endpoint}/{bucket}", virtual_hosted_style_request=True, unsigned_payload=True)

    def send(key: str, body: bytes, md5: str) -> None:
        etag = obstore.put(store, key, body, use_multipart=False)["e_tag"]
        if not etag or etag.strip('"') != md5:
            raise ValueError(f"{key}: the ETag is {etag}, the MD5 {md5}")

    return send


if __name__ == "__main__":
    main()
