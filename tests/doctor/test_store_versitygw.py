# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only versitygw does. Left out where it can neither be found nor built."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.doctor.planting import does, planted
from ansible_collections.mediastore.s3.tests.doctor.site import Site


@pytest.fixture
def enforced(versitygw, tmp_path):
    """A site whose bucket takes no ACLs, as new ones do here and on AWS."""
    site = Site(versitygw, tmp_path)
    with site.nginx:
        yield site
    site.close()


@planted("denied_by_ownership", "T31", "33")
def test_acls_are_switched_off_in_the_bucket(enforced):
    assert enforced.client.get_bucket_ownership_controls(Bucket=enforced.name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    enforced.open(False)
    found = yield enforced.asks()
    does(found, "Do not open it by ACLs", "public_read_policy")
    enforced.open(True)
    yield enforced.fresh()
