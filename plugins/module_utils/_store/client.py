# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The one place that makes S3 clients."""

from __future__ import annotations

import base64
import os
import sys
import typing as t
from urllib.parse import urlsplit

from .._core.digest import new_md5
from .._core.errors import BadInput, LibraryMissing
from .guard import guard
from .listings import moment, take_objects
from .patience import Patience, emptied

try:
    # Not boto3 itself: all that it adds is what we do not use, and a fifth of the time that a module takes to start.
    import botocore.config
    import botocore.session
    from botocore.httpsession import get_cert_path
except ImportError:
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True

if t.TYPE_CHECKING:
    from .connection import Connection
    from .profile import Profile

USER_AGENT = "mediastore.s3"


class BotoMissing(LibraryMissing):
    """The Python that runs the module cannot import boto3."""

    library = "boto3"

    def __init__(self) -> None:
        super().__init__(
            "talk to the store",
            said=f"the Python library boto3 is not installed for {sys.executable}",
            remedy="Install python3-boto3 on this host, or make a virtual environment with boto3 in /opt/mediastore/venv.",
        )


def make_client(connection: Connection, profile: Profile, pool: int = 16) -> t.Any:
    """A boto3 S3 client for the connection; sends nothing yet."""
    connection = profile.complete(connection)
    _check_virtual(connection)
    client = session_of(connection).create_client(
        "s3",
        endpoint_url=connection.endpoint_url,
        verify=_verify(connection),
        config=botocore.config.Config(**_config(connection, pool)),
    )
    # Expect: 100-continue costs a round trip per upload, and stores that do not answer it cost a whole second.
    client.meta.events.register_last("before-call.s3", _without_expect)
    client.meta.events.register_last("before-call.s3", _with_content_md5)
    guard(client, profile)
    return _patient(client, connection)


def make_iam_client(connection: Connection) -> t.Any:
    """A boto3 client for users, keys and policies, at the endpoint of the connection or at Amazon's; sends nothing yet."""
    options = _config(connection, pool=1)
    # both are S3's own
    del options["s3"], options["signature_version"]
    client = session_of(connection).create_client(
        "iam",
        endpoint_url=connection.endpoint_url,
        verify=_verify(connection),
        config=botocore.config.Config(**options),
    )
    return _patient(client, connection)


def _patient(client: t.Any, connection: Connection) -> t.Any:
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"needs-retry.{service}", Patience(connection.max_attempts))
    client.meta.events.register(f"before-parse.{service}", emptied)
    # On the same event, to come after it: what was taken away would look like an answer that broke off.
    client.meta.events.register_last(f"before-parse.{service}", take_objects)
    return client


def session_of(connection: Connection) -> t.Any:
    """A boto3 session with the connection's key, or with what boto finds where it has none; sends nothing yet."""
    if not HAS_BOTO3:
        raise BotoMissing()
    session = botocore.session.Session(profile=connection.profile)
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    if connection.access_key and connection.secret_key:
        session.set_credentials(connection.access_key, connection.secret_key, connection.session_token)
    if connection.region:
        session.set_config_variable("region", connection.region)
    return session


def _config(connection: Connection, pool: int) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {
        # Without it boto3 presigns with Signature V2 for every endpoint that is not Amazon's.
        "signature_version": "s3v4",
        "s3": {"addressing_style": connection.addressing_style},
        # It is Patience that has them sent again.
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "connect_timeout": connection.connect_timeout,
        "read_timeout": connection.read_timeout,
        "max_pool_connections": pool,
        "user_agent_extra": USER_AGENT,
    }
    if connection.proxy_url:
        options["proxies"] = {"http": connection.proxy_url, "https": connection.proxy_url}
    # botocore 1.36 began to send checksums that many stores refuse; before 1.36 naming the option is a TypeError.
    if hasattr(botocore.config.Config(), "request_checksum_calculation"):
        options["request_checksum_calculation"] = options["response_checksum_validation"] = "when_required"
    return options


def _verify(connection: Connection) -> bool | str | None:
    if not connection.validate_certs:
        return False
    # None is not True: it lets AWS_CA_BUNDLE of the environment speak.
    return connection.ca_path or None


def trusted_ca(connection: Connection) -> str:
    """The file (or directory) with the certificates that boto3 would trust for this connection."""
    configured = botocore.session.Session(profile=connection.profile).get_config_variable("ca_bundle")
    return str(connection.ca_path or configured or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True))


def _check_virtual(connection: Connection) -> None:
    host = urlsplit(connection.endpoint_url or "").hostname or ""
    if connection.addressing_style == "virtual" and (":" in host or host.replace(".", "").isdigit()):
        raise BadInput(
            "put the bucket's name before the host's",
            said=f"addressing_style is virtual and the endpoint {host} is an address, not a name",
            remedy="Use addressing_style path, or the endpoint's host name.",
        )


def _with_content_md5(params: dict[str, t.Any], model: t.Any, **kwargs: t.Any) -> None:
    """Give what S3 wants a checksum of the one that all stores know.

    Since 1.36 botocore sends CRC32 with the settings of a bucket and with DeleteObjects. Some know nothing of that and
    miss Content-MD5, and others refuse the header x-amz-sdk-checksum-algorithm, which comes with it.
    """
    checksum = params.get("context", {}).get("checksum", {})
    if isinstance(checksum.get("request_algorithm"), dict) and not model.has_streaming_input:
        del checksum["request_algorithm"]
        checksum.pop("request_algorithm_header", None)
        md5 = new_md5()
        md5.update(params["body"])
        params["headers"]["Content-MD5"] = base64.b64encode(md5.digest()).decode("ascii")


def _without_expect(params: dict[str, t.Any], **kwargs: t.Any) -> None:
    params["headers"].pop("Expect", None)
