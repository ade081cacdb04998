# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""One table from botocore's errors to ours: what was tried, what the store said, what to do."""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._core.errors import BadInput, MediastoreError, StoreRefused, StoreUnreachable

try:
    import botocore.exceptions as boto
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError
except ImportError:
    HAS_BOTO = False

    # Without botocore there is no S3 client. Who speaks another interface of a store raises the first of these all the same.
    class ClientError(Exception):  # type: ignore[no-redef]
        """The store refused."""

        def __init__(self, response: dict[str, t.Any], operation: str) -> None:
            super().__init__(response, operation)
            self.response = response

    class ResponseParserError(Exception):  # type: ignore[no-redef]
        """The answer cannot be read."""

else:
    HAS_BOTO = True

if t.TYPE_CHECKING:
    from .connection import Connection

#: botocore's, which others take from here
__all__ = ("ClientError", "ResponseParserError")

KEYS = "Check access_key and secret_key (or the profile) against the store's."
REGION = "Set region to the bucket's region."
NOT_S3 = "Check endpoint_url: it must be the store's S3 interface, not its console or its website."
CLOCK = "Check this host's clock (timedatectl): requests are signed with the time."

#: what urllib3 and OpenSSL put around the cause
_NOISE = re.compile(
    r"^.*?(?= ?Failed to )|^.*Caused by |^\w*Connection(?:Pool)?\([^)]*\): |^\('Connection aborted\.', \w+\((?:\d+, )?['\"]"
    r"|^\('(?=Connection broken)|', IncompleteRead\(.*$|\s*\(_ssl\.c:\d+\)|['\"]\)+$"
)

#: error codes of S3 and its imitators -> what to do
REMEDIES: dict[str, str] = {
    "InvalidAccessKeyId": "Check access_key: the store does not know it.",
    "SignatureDoesNotMatch": "Check secret_key (and region, which is part of the signature).",
    "InvalidSecurity": KEYS,
    "InvalidToken": "Check session_token, or get a new one.",
    "ExpiredToken": "Get a new session_token.",
    "AccessDenied": "Give the key the right to do this, or use another key.",
    "AllAccessDisabled": "Ask the provider: the account is closed or unpaid.",
    "AccountProblem": "Ask the provider: the account is closed or unpaid.",
    "RequestTimeTooSkewed": CLOCK,
    "AuthorizationHeaderMalformed": REGION,
    "PermanentRedirect": REGION,
    "301": REGION,
    "IllegalLocationConstraintException": REGION,
    "InvalidLocationConstraint": "Set region (or provider) to what the store calls its own location.",
    "InvalidRegionName": REGION,
    "NoSuchBucket": "Create the bucket first (mediastore.s3.bucket), or correct its name.",
    "BucketAlreadyExists": "Bucket names are shared by all users of a store: choose another one.",
    "BucketAlreadyOwnedByYou": "It is yours, in another region: set region to the bucket's region.",
    "BucketNotEmpty": "Empty the bucket first, or use force and force_confirm to delete everything in it.",
    "AccessControlListNotSupported": "ACLs are switched off in this bucket (ownership BucketOwnerEnforced): use a bucket policy.",
    "BlockedByPublicAccessBlock": "The public access block of the bucket or the account forbids it: open the block first.",
    "InvalidBucketAclWithObjectOwnership": "Ownership BucketOwnerEnforced needs the ACL private: set that first.",
    "InvalidBucketState": "Object lock keeps versioning switched on.",
    "CapExceeded": "Raise the account's caps (Caps & Alerts), or wait until they are counted anew at midnight UTC.",
    "InvalidBucketName": "Choose a name of 3 to 63 small letters, digits, dots and hyphens.",
    "TooManyBuckets": "Delete buckets that nobody needs, or ask the provider for more.",
    "NotImplemented": "The store cannot do this: leave the option out, and set provider so that it is known beforehand.",
    "MethodNotAllowed": "The store cannot do this: leave the option out, and set provider so that it is known beforehand.",
    "XNotImplemented": "The store cannot do this: leave the option out.",
    "MalformedPolicy": "Correct the policy; its ARNs must name this bucket.",
    "MalformedXML": "The store understands this differently: set provider to what it really is.",
    "InvalidStorageClass": "Choose a storage class that the store has.",
    "MissingContentLength": "Set provider to what the store really is.",
    "QuotaExceeded": "Make room in the bucket, or raise its quota.",
    "EntityTooLarge": "Use a larger part_size, so that the file is sent in parts.",
    "NoSuchKey": "Check the key; the object may have been deleted meanwhile.",
    "BrokenOff": "Run again; if it stays so, look for a proxy that ends answers early.",
    "OperationAborted": "Something else is changing this bucket: run again.",
    "SlowDown": "The store is busy: run again later, or with less concurrency.",
    "ServiceUnavailable": "The store is busy: run again later, or with less concurrency.",
    "RequestTimeout": "Run again; if it stays, use less concurrency.",
    "InternalError": "Look into the store's log, and run again.",
}

#: words of the store -> what to do, where its code is the same for everything (Garage's)
WORDS: dict[str, str] = {
    "No such key": REMEDIES["InvalidAccessKeyId"],
    "Invalid signature": REMEDIES["SignatureDoesNotMatch"],
    "Date is too old": CLOCK,
    # Backblaze's
    "Malformed Access Key Id": "Use an application key: S3 does not take the account's master key, which makes one (access_key).",
}

#: the same for answers without a code (HEAD has no body)
STATUS_REMEDIES: dict[int, str] = {
    301: REGION,
    400: "Check region and the keys; the store did not say more.",
    401: KEYS,
    403: KEYS + " If they are right, the key may not do this.",
    404: "Check the names of bucket and object, and endpoint_url.",
    405: REMEDIES["MethodNotAllowed"],
    411: REMEDIES["MissingContentLength"],
    501: REMEDIES["NotImplemented"],
}

#: what goes wrong before or beside an answer, most special first: name of the exception (botocore's; urllib3's, where a library
#: has no others), our class, what to do
FAILURES: tuple[tuple[str, type[MediastoreError], str], ...] = (
    ("NoCredentialsError", BadInput, "Set access_key and secret_key, or give this host credentials that boto finds by itself."),
    ("PartialCredentialsError", BadInput, "Set both access_key and secret_key."),
    ("CredentialRetrievalError", BadInput, "Check the profile, or set access_key and secret_key."),
    ("ProfileNotFound", BadInput, "Correct profile, or add it to ~/.aws/config of the user who runs the task."),
    ("NoRegionError", BadInput, "Set region."),
    ("InvalidRegionError", BadInput, "Correct region."),
    ("ParamValidationError", BadInput, "Correct the option named."),
    (
        "SSLError",
        StoreUnreachable,
        "If the store has its own CA, set ca_path to the CA's certificate; if it speaks plain HTTP, write http://.",
    ),
    ("ProxyConnectionError", StoreUnreachable, "Check proxy_url."),
    ("ProxyError", StoreUnreachable, "Check proxy_url."),
    (
        "EndpointConnectionError",
        StoreUnreachable,
        "Check endpoint_url, name resolution, the route and the firewall from this host.",
    ),
    ("NewConnectionError", StoreUnreachable, "Check endpoint_url, name resolution, the route and the firewall from this host."),
    ("ConnectTimeoutError", StoreUnreachable, "Check endpoint_url, the route and the firewall from this host."),
    ("ReadTimeoutError", StoreUnreachable, "Run again; raise read_timeout if the store is that slow."),
    ("IncompleteReadError", StoreUnreachable, "Run again; if it stays so, look for a proxy that ends answers early."),
    (
        "ConnectionClosedError",
        StoreUnreachable,
        "Check that endpoint_url has the right scheme and port, and look into the store's log.",
    ),
    ("ResponseParserError", StoreRefused, NOT_S3),
    (
        "RecursionError",
        StoreRefused,
        "Check endpoint_url (https:// rather than http://, the S3 interface rather than a website) and region.",
    ),
    ("HTTPClientError", StoreUnreachable, "Check endpoint_url and the way to it from this host."),
    ("BotoCoreError", StoreUnreachable, "Check the connection's options."),
)


@contextlib.contextmanager
def explaining(tried: str, connection: Connection) -> t.Iterator[None]:
    """Turn any of botocore's exceptions inside the block into ours."""
    try:
        yield
    except MediastoreError:
        raise
    except Exception as exc:
        if not is_boto(exc):
            raise
        raise explain(exc, tried, connection) from exc


def is_boto(exc: BaseException) -> bool:
    """Whether the exception is botocore's, and so has an explanation here."""
    # The parser's has no parent that says where it comes from; and a redirect without an end is followed until the stack is full.
    return isinstance(exc, ClientError) or (
        HAS_BOTO and isinstance(exc, (boto.BotoCoreError, ResponseParserError, RecursionError))
    )


def refusal(code: str, status: int, message: str, operation: str) -> ClientError:
    """The error that botocore would raise for such an answer."""
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(t.cast(t.Any, said), operation)


def explain(exc: BaseException, tried: str, connection: Connection) -> MediastoreError:
    """Our error for one of botocore's."""
    tried = f"{tried} at {connection.where}"
    # A stack that is full is noticed wherever it happens to be, which may be where botocore wraps what it meets.
    inner = getattr(exc, "kwargs", {}).get("error")
    exc = inner if isinstance(inner, RecursionError) else exc
    if isinstance(exc, ClientError):
        return _refused(exc, tried)
    # By name, since an old botocore lacks some of them.
    return failure([parent.__name__ for parent in type(exc).__mro__], tried, words_of(exc))


def failure(names: list[str], tried: str, said: str) -> MediastoreError:
    """Our error for what botocore has these names for, the most special first."""
    for name, kind, remedy in FAILURES:
        if name in names:
            return kind(tried, said=said, remedy=remedy, code=names[0])
    return StoreUnreachable(tried, said=said, remedy="Check the connection's options.", code=names[0])


def code_of(exc: t.Any) -> str:
    """The store's error code; the HTTP status where it gave none."""
    return str(exc.response.get("Error", {}).get("Code", "")) or str(status_of(exc))


def status_of(exc: t.Any) -> int:
    """The HTTP status of the answer, 0 if unknown."""
    return int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _refused(exc: t.Any, tried: str) -> MediastoreError:
    code, status = code_of(exc), status_of(exc)
    words = str(exc.response.get("Error", {}).get("Message", "")).strip().rstrip(".")
    said = f"the store answered {status} {code}".replace(f"{status} {status}", str(status)) + (f" ({words})" if words else "")
    known = next((remedy for part, remedy in WORDS.items() if part in words), None)
    remedy = known or REMEDIES.get(code) or STATUS_REMEDIES.get(status) or "Look into the store's log for the reason."
    return StoreRefused(tried, said=said, remedy=remedy, code=code)


def words_of(exc: BaseException) -> str:
    """The cause in a failure's own words, without what libraries put around it."""
    if isinstance(exc, RecursionError):
        return "the server redirects every request"
    # Under botocore's sentence, which only repeats the URL, lies the one that names the cause, behind the address of an object.
    cause = getattr(exc, "kwargs", {}).get("error")
    text = _NOISE.sub("", " ".join(str(cause or exc).split()))
    return text.strip() or type(exc).__name__
