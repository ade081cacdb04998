# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option with prices."""

from __future__ import annotations


class ModuleDocFragment:
    """What an estimate is made from."""

    DOCUMENTATION = r"""
options:
  prices:
    description:
      - Prices for the estimate in check mode. With V(provider=aws) and V(provider=r2) they are used in place of the list prices,
        Amazon's of us-east-1 and Cloudflare's. With other providers there is no estimate of costs without them, only the number
        of requests.
    type: dict
    version_added: 0.2.0
    suboptions:
      currency:
        description: Currency of the prices. V(USD) is assumed where there are list prices.
        type: str
      copy_per_1000:
        description: For 1000 requests that write (PUT, COPY, and all that an upload or a copy in parts takes).
        type: float
      get_per_1000:
        description: For 1000 requests that read (GET, HEAD and ACL).
        type: float
      list_per_1000:
        description: For 1000 requests LIST, each of which gives 1000 objects.
        type: float
      retrieval_per_gib:
        description: For reading a GiB from its class, as a change of class does. An upload reads nothing.
        type: float
      storage_per_gib_month:
        description: For keeping a GiB for a month, a number for each class.
        type: dict
"""
