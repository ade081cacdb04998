# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that never rests: it uploads and downloads twenty times a second, and reads its key anew when it is told to.

    busyapp.py SETTINGS.json      with the bucket, the connection, where the key is, and where to count

SIGHUP reads the key again, SIGTERM ends it. Every operation that fails is counted and its error kept; nothing is tried again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

RATE = 20.0
WORKERS = 8


class Application:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._client = self._connect()
        self.counts: dict[str, Any] = {"pid": os.getpid(), "done": 0, "failed": 0, "errors": [], "keys": {}}
        self.ended = threading.Event()

    def _connect(self) -> Any:
        key = json.loads(Path(self._settings["key"]).read_text())
        self._key_id = key["access_key"]
        return boto3.client(
            "s3",
            endpoint_url=self._settings["endpoint_url"],
            region_name=self._settings["region"],
            aws_access_key_id=key["access_key"],
            aws_secret_access_key=key["secret_key"],
            verify=self._settings["ca_path"],
            config=Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4",
                max_pool_connections=WORKERS,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"total_max_attempts": 1},
            ),
        )

    def reload(self, *signal_arguments: object) -> None:
        self._client = self._connect()

    def end(self, *signal_arguments: object) -> None:
        self.ended.set()

    def operation(self, number: int) -> None:
        key = f"busy/{number // 2 % 10}"
        client, key_id = self._client, self._key_id
        error = None
        try:
            if number % 2:
                client.get_object(Bucket=self._settings["bucket"], Key=key)["Body"].read()
            else:
                client.put_object(Bucket=self._settings["bucket"], Key=key, Body=b"media" * 200)
        except Exception as exc:
            error = f"{key_id}: {exc}"
        with self._lock:
            self.counts["done"] += 1
            self.counts["keys"][key_id] = self.counts["keys"].get(key_id, 0) + 1
            if error:
                self.counts["failed"] += 1
                self.counts["errors"] = [*self.counts["errors"], error][-5:]

    def run(self) -> None:
        for number in range(0, 20, 2):
            self.operation(number)  # so that there is something to download
        with ThreadPoolExecutor(WORKERS) as pool:
            number, due = 0, time.monotonic()
            while not self.ended.is_set():
                pool.submit(self.operation, number)
                number, due = number + 1, due + 1 / RATE
                if number % 10 == 0:
                    self.tell()
                time.sleep(max(0.0, due - time.monotonic()))
        self.tell()

    def tell(self) -> None:
        path = Path(self._settings["counts"])
        with self._lock:
            text = json.dumps(self.counts)
        temporary = path.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(path)


def main() -> None:
    application = Application(json.loads(Path(sys.argv[1]).read_text()))
    signal.signal(signal.SIGHUP, application.reload)
    signal.signal(signal.SIGTERM, application.end)
    application.run()


if __name__ == "__main__":
    main()
