# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about a provider is shown as data, without a request, a key or boto3."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.capabilities import capabilities_of, with_capabilities
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


def known(**options):
    result = run_module("provider_info", options)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is False
    return result["provider"]


@pytest.mark.parametrize("name", PROFILES)
def test_every_provider_can_be_looked_up_by_its_name_alone(name):
    found = known(provider=name)
    assert found["name"] == name and found["title"]
    assert all(set(source) == {"grade", "what"} for source in found["sources"]) and found["sources"]
    assert with_capabilities(PROFILES[name], found["capabilities"]) == PROFILES[name]


def test_what_it_returns_is_what_the_option_takes():
    found = known(provider="garage")
    assert found["capabilities"] == json.loads(json.dumps(capabilities_of(PROFILES["garage"])))
    assert known(provider="garage", capabilities=found["capabilities"]) == found


def test_capabilities_are_part_of_it():
    found = known(provider="ceph", capabilities={"facets": {"encryption": "store"}})
    assert found["capabilities"]["facets"]["encryption"] == "store"
    assert found["capabilities"]["facets"]["policy"] == "enforce"


def test_where_it_is_as_far_as_that_is_said():
    assert known(provider="b2")["endpoint"] == "https://s3.{region}.backblazeb2.com"
    found = known(provider="b2", region="eu-central-003")
    assert (found["endpoint"], found["region"]) == ("https://s3.eu-central-003.backblazeb2.com", "eu-central-003")
    assert (known(provider="garage")["endpoint"], known(provider="garage")["region"]) == (None, "garage")
    assert known()["name"] == "aws"
    found = known(endpoint_url="https://s3.example.org", addressing_style="virtual")
    assert (found["name"], found["endpoint"], found["addressing_style"]) == ("generic", "https://s3.example.org", "virtual")


def test_a_mistake_is_one_clear_error():
    failed = run_module("provider_info", {"provider": "ceph", "capabilities": {"facets": {"polcy": "store"}}})
    assert failed["failed"] and "facets has no polcy" in failed["msg"]


def test_no_secret_is_shown():
    secrets = {"secret_key": "the-secret-key", "proxy_url": "http://me:the-password@proxy.example.org"}
    result = run_module("provider_info", {"endpoint_url": "https://s3.example.org", "access_key": "A", **secrets})
    assert "the-password" not in str(result)


def test_boto3_is_not_imported():
    module = "ansible_collections.mediastore.s3.plugins.modules.provider_info"
    program = f"import sys, {module}; print([name for name in sys.modules if name.startswith('boto')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
