# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only Garage refuses, or says in words of its own. Left out where it can neither be found nor built."""

from __future__ import annotations

from ansible_collections.mediastore.s3.tests.doctor.planting import does, healthy, planted
from ansible_collections.mediastore.s3.tests.doctor.site import Bucket


@planted("region", "T32", "30")
def test_the_region_is_wrong(garage):
    bucket = Bucket(garage)
    found = yield bucket.asks(region="eu-nowhere-1")
    does(found, "Set region to garage.")
    yield bucket.asks(**found["settings"])


@planted("key_unknown", "T32")
def test_garage_does_not_know_the_key(garage):
    bucket = Bucket(garage)
    found = yield bucket.asks(access_key="GK0123456789abcdef01234567")
    does(found, "Correct access_key")
    yield bucket.asks()


@planted("secret", "T32")
def test_garage_does_not_take_the_secret(garage):
    bucket = Bucket(garage)
    found = yield bucket.asks(secret_key="0" * 64)
    does(found, "Correct secret_key")
    yield bucket.asks()


def test_a_store_that_takes_checksums_is_fine(garage):
    healthy("checksums", Bucket(garage).asks(app_checksums="when_supported"))
