# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a bucket may be called, before a store has to say no."""

from __future__ import annotations

import ipaddress
import re

from .errors import BadInput

#: what boto sends at all; old buckets may have such names
SENDABLE = re.compile(r"[a-zA-Z0-9._-]{1,255}")
RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3", ".mrap")


def check_name(name: str, tried: str) -> None:
    """Refuse what no bucket can be called."""
    if not SENDABLE.fullmatch(name):
        raise _bad(name, tried, "it holds other characters than letters, digits, dots, hyphens and underscores")


def check_new_name(name: str, tried: str) -> None:
    """Refuse what no new bucket should be called: the rules that hold for all stores together."""
    wrong = _broken_rule(name)
    if wrong:
        raise _bad(name, tried, wrong)


def check_tls(name: str, tried: str, endpoint_url: str | None, addressing: str | None) -> None:
    """Refuse a dotted name where it becomes part of a host name that no certificate covers, here or in the user's browser."""
    if "." in name and addressing != "path" and not (endpoint_url or "").startswith("http:"):
        raise BadInput(
            tried,
            said=f"{name} has a dot, and a certificate for *.<endpoint> does not cover {name}.<endpoint>, so HTTPS would fail",
            remedy="Choose a name without dots (hyphens do). Or use addressing_style path everywhere, the application included, "
            "or serve the bucket from a host name of your own.",
        )


def _broken_rule(name: str) -> str:
    if not 3 <= len(name) <= 63:
        return f"it has {len(name)} characters (3 to 63 are allowed)"
    if not re.fullmatch(r"[a-z0-9.-]+", name):
        return "it holds other characters than small letters, digits, dots and hyphens"
    for label in name.split("."):
        if not label or label.startswith("-") or label.endswith("-"):
            return "every part between dots must begin and end with a letter or digit"
    if _is_address(name):
        return "it looks like an IP address"
    if name.startswith(RESERVED_STARTS) or name.endswith(RESERVED_ENDS):
        return "its beginning or end is reserved"
    return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return bool(re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name))
    return True


def _bad(name: str, tried: str, why: str) -> BadInput:
    return BadInput(tried, said=f"{name!r} is not a name for a bucket: {why}", remedy="Correct the name.")
