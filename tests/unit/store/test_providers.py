# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about each provider is whole: every lack has a way out, and the documentation says the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import (
    CANNED_ACLS,
    DOCUMENTED,
    LIFECYCLE_ACTIONS,
    LIFECYCLE_FILTERS,
    MEASURED,
    REMEMBERED,
)
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import NAMES, PROFILES, profile_for
from ansible_collections.mediastore.s3.tests.utils import render_providers

ROOT = Path(__file__).parents[3]
PROVIDERS = ROOT / "plugins" / "module_utils" / "_store" / "providers"
SSE = ("AES256", "aws:kms", "SSE-C")

every_provider = pytest.mark.parametrize("name", NAMES)


def lacking(name: str) -> set[str]:
    """What somebody may ask this provider for in vain, by the names that refusals use."""
    profile = PROFILES[name]
    missing = {facet for facet, support in vars(profile.facets).items() if support in ("none", "ask", "always")}
    if profile.facets.lifecycle != "none":
        known = profile.lifecycle
        missing |= {*LIFECYCLE_ACTIONS, *LIFECYCLE_FILTERS} - {*known.actions, *known.filters, *known.unsure}
    missing |= {"public_read"} if profile.public_read == "none" else set()
    missing |= {"storage_class"} if profile.storage_classes is not None else set()
    missing |= {"sse"} if set(profile.sse) != set(SSE) else set()
    missing |= {"acl"} if not profile.object_acls else set()
    return missing


def test_every_file_is_a_provider_with_the_name_of_the_file():
    files = {path.stem for path in PROVIDERS.glob("*.py")} - {"ways_out"}
    assert files == set(NAMES)
    assert [name for name in NAMES if PROFILES[name].name != name] == []


@every_provider
def test_what_a_provider_lacks_has_a_way_out(name):
    assert sorted(lacking(name) - set(PROFILES[name].instead)) == []


@every_provider
def test_a_way_out_is_a_sentence(name):
    for what, sentence in PROFILES[name].instead.items():
        assert sentence[0].isupper() and sentence.endswith(".") and len(sentence) < 180, f"{what}: {sentence}"
        assert "|" not in sentence, "it also stands in a table"


@every_provider
def test_words_are_known(name):
    profile = PROFILES[name]
    assert {source.grade for source in profile.source} <= {MEASURED, DOCUMENTED, REMEMBERED}
    assert {*profile.bucket_acls, *profile.object_acls} <= set(CANNED_ACLS)
    assert set(profile.sse) <= set(SSE)
    assert profile.addressing in ("path", "virtual", "auto")
    assert set(profile.lifecycle.actions) <= set(LIFECYCLE_ACTIONS)
    assert set(profile.lifecycle.filters) <= set(LIFECYCLE_FILTERS)


@every_provider
def test_what_belongs_together_agrees(name):
    profile = PROFILES[name]
    assert bool(profile.lifecycle.actions or profile.lifecycle.unsure) == (profile.facets.lifecycle != "none")
    assert bool(profile.bucket_acls) == (profile.facets.acl != "none")
    # how the public is let in is something that may be sent
    needs = {"policy": "policy", "bucket_acl": "acl", "website": "website"}.get(profile.public_read)
    assert needs is None or profile.has(needs)


@every_provider
def test_the_example_of_a_connection_is_enough_to_connect(name):
    said = {"provider": name, **render_providers.EXAMPLES[name], "access_key": "A", "secret_key": "B"}
    connection = Connection.from_params(said)
    done = profile_for(connection).complete(connection)
    assert done.region and (done.endpoint_url or PROFILES[name].endpoint_known_to_boto)
    assert "{" not in (done.endpoint_url or "")


def test_an_endpoint_with_the_account_in_it_must_be_said():
    with pytest.raises(BadInput, match=r"https://\{account\}\.r2\.cloudflarestorage\.com with your own account"):
        PROFILES["r2"].complete(Connection("r2"))


def test_roles_know_every_provider():
    found = {}
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        for spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            store = (spec.get("options") or {}).get("mediastore_store", {}).get("options") or {}
            if "provider" in store:
                found[path.parts[-3]] = store["provider"]["choices"]
    assert found and [role for role, choices in found.items() if choices != list(NAMES)] == []


def test_the_page_on_providers_is_what_the_profiles_say():
    page = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    assert page == render_providers.render(), f"docs/providers.md is out of date: run {render_providers.COMMAND}"
