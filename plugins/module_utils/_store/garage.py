# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Garage's administration interface, for what S3 has no words for: quotas, names for all keys. Version 2 of its API."""

from __future__ import annotations

import json
import ssl
import typing as t
import urllib.error
import urllib.request
from urllib.parse import urlencode

from .._core.errors import BadInput, MediastoreError, StoreRefused, StoreUnreachable
from .connection import Connection, without_userinfo
from .facet import Facet, member

QUOTAS = {"max_size": "maxSize", "max_objects": "maxObjects"}
REMEDIES = {
    401: "Check admin_token: it is admin_token in Garage's configuration file.",
    403: "Check admin_token: it is admin_token in Garage's configuration file.",
    404: "Check admin_url, and that Garage is of version 2 or newer.",
}


def require_administration(connection: Connection, tried: str) -> None:
    """Raise before anything is sent if nobody has said where the administration interface is."""
    if not connection.admin_url or not connection.admin_token:
        raise BadInput(
            tried,
            said="quotas and aliases are no part of S3, and admin_url or admin_token is empty",
            remedy="Set both: the URL of Garage's administration interface (port 3903) and its admin_token.",
        )


class GarageAdmin:
    """The calls that the collection needs; they look like those of an S3 client."""

    def __init__(self, connection: Connection, tried: str) -> None:
        require_administration(connection, tried)
        self._url = str(connection.admin_url).rstrip("/")
        self._connection = connection

    def create_bucket(self, Bucket: str) -> None:
        """Make a bucket that every key may be let into, and let in this one.

        A bucket that is made through S3 has its name for that one key only.
        """
        made = self._call("POST", "CreateBucket", body={"globalAlias": Bucket})
        rights = {"read": True, "write": True, "owner": True}
        if self._connection.access_key:
            allowed = {"bucketId": made["id"], "accessKeyId": self._connection.access_key, "permissions": rights}
            self._call("POST", "AllowBucketKey", body=allowed)

    def delete_bucket(self, Bucket: str) -> None:
        """Delete a bucket with all its names; Garage refuses if it holds anything."""
        self._call("POST", "DeleteBucket", {"id": self._info(Bucket)["id"]})

    def get_bucket_quota(self, Bucket: str) -> dict[str, t.Any]:
        """The limits of a bucket."""
        return self._info(Bucket)

    def put_bucket_quota(self, Bucket: str, Quota: dict[str, t.Any]) -> None:
        """Set both limits."""
        self._call("POST", "UpdateBucket", {"id": self._info(Bucket)["id"]}, {"quotas": Quota})

    def get_bucket_aliases(self, Bucket: str) -> dict[str, t.Any]:
        """The names of a bucket, its own one left out."""
        return {"Aliases": [name for name in member(self._info(Bucket), "globalAliases") if name != Bucket]}

    def put_bucket_aliases(self, Bucket: str, Aliases: t.Sequence[str]) -> None:
        """Give it these names, and its own."""
        info = self._info(Bucket)
        present = set(info["globalAliases"]) - {Bucket}
        # New names first: whoever follows one of them is never left without a bucket.
        for name in sorted(set(Aliases) - present):
            self._call("POST", "AddBucketAlias", body={"bucketId": info["id"], "globalAlias": name})
        for name in sorted(present - set(Aliases)):
            self._call("POST", "RemoveBucketAlias", body={"bucketId": info["id"], "globalAlias": name})

    def _info(self, bucket: str) -> dict[str, t.Any]:
        return self._call("GET", "GetBucketInfo", {"globalAlias": bucket})

    def _call(self, method: str, name: str, query: dict[str, str] | None = None, body: t.Any = None) -> dict[str, t.Any]:
        url = f"{self._url}/v2/{name}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self._connection.admin_token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers, method=method)
        tried = f"call {name} at {without_userinfo(self._url)}"
        try:
            # ProxyHandler({}): the proxy of the environment is not for a machine of one's own
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls())
            )
            with opener.open(request, timeout=self._connection.read_timeout) as answer:
                text = answer.read()
            found = json.loads(text) if text else {}
        except urllib.error.HTTPError as exc:
            raise _refused(exc, tried) from exc
        except OSError as exc:
            said = str(getattr(exc, "reason", exc))
            raise StoreUnreachable(tried, said=said, remedy="Check admin_url and the way to it from this host.") from exc
        except ValueError as exc:
            remedy = "Check admin_url: it must be Garage's administration interface."
            raise StoreRefused(tried, said="the answer is not JSON", remedy=remedy, code="NotGarage") from exc
        return found if isinstance(found, dict) else {}

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._connection.ca_path)
        if not self._connection.validate_certs:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def _refused(exc: urllib.error.HTTPError, tried: str) -> MediastoreError:
    try:
        said = json.loads(exc.read())
        code, words = str(said["code"]), str(said["message"])
    except (ValueError, KeyError, TypeError, OSError):
        code, words = str(exc.code), ""
    if code == "NoSuchBucket":
        remedy = "Create the bucket first (mediastore.s3.bucket), or give it this name for all keys (garage bucket alias)."
    else:
        remedy = REMEDIES.get(exc.code, "Look into Garage's log for the reason.")
    return StoreRefused(
        tried, said=f"Garage answered {exc.code} {code}" + (f" ({words})" if words else ""), remedy=remedy, code=code
    )


def _canonical_quota(value: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    # No limit is written as 0 by users and as nothing by Garage.
    return {name: (value or {}).get(name) or 0 for name in QUOTAS}


QUOTA = Facet(
    name="quota",
    title="quota",
    option="quota",
    get="get_bucket_quota",
    put="put_bucket_quota",
    delete=None,
    missing=(),
    parse=lambda answer: {ours: member(answer, "quotas").get(theirs) for ours, theirs in QUOTAS.items()},
    body=lambda value: {"Quota": {theirs: value.get(ours) or None for ours, theirs in QUOTAS.items()}},
    canonical=_canonical_quota,
    administered=True,
)

ALIASES = Facet(
    name="aliases",
    title="aliases",
    option="aliases",
    get="get_bucket_aliases",
    put="put_bucket_aliases",
    delete=None,
    missing=(),
    parse=lambda answer: answer["Aliases"],
    body=lambda names: {"Aliases": names},
    canonical=lambda names: sorted(set(names or [])),
    administered=True,
)
