# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example with Garage on a real one: its bucket and its key; the other examples are in tests/e2e."""

from __future__ import annotations

import shutil

from ansible_collections.mediastore.s3.tests.e2e.test_examples import EXAMPLES, play
from ansible_collections.mediastore.s3.tests.interop.applies import only

HOST = "matrix-garage.example.org"


@only("garage")
def test_a_synapse_on_garage_gets_its_bucket_and_its_key(store, tmp_path):
    examples = tmp_path / "examples"
    shutil.copytree(EXAMPLES, examples)
    (tmp_path / "password").write_text("a-password-for-the-vault")
    known = store.connection
    admin = {**known, "admin_url": store.server.admin_url, "admin_token": store.server.admin_token}
    # only the address of the store is replaced; its key is the one that is made here
    own = {name: known[name] for name in ("provider", "region", "endpoint_url", "ca_path") if name in known}
    for name in ("access_key", "secret_key"):
        own[name] = f"{{{{ mediastore_secrets['example-synapse-on-garage'].{name} | default('') }}}}"
    flags = ["--vault-password-file", str(tmp_path / "password")]
    here = {"mediastore_admin": admin, "mediastore_store": own, "mediastore_keys": None, "examples": examples}
    play(HOST, store, "mediastore.s3.provision", *flags, **here)
    assert (examples / "host_vars" / HOST / "keys.yml").read_text().startswith("$ANSIBLE_VAULT")
    assert "changed=0" in play(HOST, store, "mediastore.s3.provision", *flags, **here)
