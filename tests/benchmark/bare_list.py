# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a whole listing with plain boto3 and does nothing with it: the floor of every verification.

python bare_list.py ENDPOINT CA BUCKET      (keys come from the environment)
"""

from __future__ import annotations

import sys

import boto3
from botocore.config import Config


def main() -> None:
    """Print how many keys there are."""
    endpoint, ca_path, bucket = sys.argv[1:]
    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    client = boto3.client("s3", endpoint_url=endpoint, verify=ca_path, config=config)
    print(sum(len(page.get("Contents", [])) for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket)))


if __name__ == "__main__":
    main()
