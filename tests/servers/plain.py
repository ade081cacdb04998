# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boto3 without anything of ours around it, for a test to look at what the collection did, or to meddle with it."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


def plain_client(options: dict[str, Any], region: str | None = None, service: str = "s3") -> Any:
    """A client for a store, from the options that a module takes."""
    return boto3.client(
        service,
        endpoint_url=options["endpoint_url"],
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
        region_name=region or "us-east-1",
        verify=options.get("ca_path"),
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"total_max_attempts": 1},
        ),
    )
