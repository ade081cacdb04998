# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The policy of a bucket where keys live in it too: what the user set and what access_key made do not get in each other's way."""

from __future__ import annotations

import json
import typing as t

from .._core import keystatements
from .._core.errors import BadInput
from .facets import POLICY
from .faults import ClientError, code_of, refusal


class PolicyBesideKeys:
    """An S3 client's calls for the policy of a bucket, as if the statements about keys were not there."""

    def __init__(self, client: t.Any) -> None:
        self._client = client

    def get_bucket_policy(self, Bucket: str) -> dict[str, t.Any]:
        """The policy without the statements about keys."""
        rest = keystatements.without_ours(POLICY.parse(self._client.get_bucket_policy(Bucket=Bucket)))
        if rest is None:
            raise refusal(POLICY.missing[0], 404, "The bucket policy does not exist", "GetBucketPolicy")
        return {"Policy": json.dumps(rest)}

    def put_bucket_policy(self, Bucket: str, Policy: str) -> None:
        """Set the policy, and keep the statements about keys."""
        policy = json.loads(Policy)
        for statement in keystatements.ours(policy):
            raise BadInput(
                f"set the policy of bucket {Bucket}",
                said=f"a statement has the Sid {statement['Sid']}, and such ones are made by mediastore.s3.access_key",
                remedy="Leave the statement out, or give it another Sid.",
            )
        self._put(Bucket, keystatements.joined(policy, self._kept(Bucket)))

    def delete_bucket_policy(self, Bucket: str) -> None:
        """Delete all but the statements about keys."""
        self._put(Bucket, keystatements.joined(None, self._kept(Bucket)))

    def _kept(self, bucket: str) -> list[dict[str, t.Any]]:
        return keystatements.ours(whole_policy(self._client, bucket))

    def _put(self, bucket: str, policy: dict[str, t.Any] | None) -> None:
        put_policy(self._client, bucket, policy)


def whole_policy(client: t.Any, bucket: str) -> t.Any:
    """All of a bucket's policy, None if it has none."""
    try:
        return POLICY.parse(client.get_bucket_policy(Bucket=bucket))
    except ClientError as exc:
        if code_of(exc) in POLICY.missing:
            return None
        raise


def put_policy(client: t.Any, bucket: str, policy: dict[str, t.Any] | None) -> None:
    """Set all of a bucket's policy, or that it has none."""
    if policy is None:
        client.delete_bucket_policy(Bucket=bucket)
    else:
        # Without blanks: on some file systems there is room for 4 KB of it.
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy, separators=(",", ":")))
