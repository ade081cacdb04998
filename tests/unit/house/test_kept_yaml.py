# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of Ansible's own YAML files is what is in them (tests/utils/kept/kept_yaml.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / "utils" / "kept"
#: prints what Ansible has read; the second word says where it is kept
READ = """
import json, sys
if sys.argv[2:]:
    import kept_yaml, sitecustomize
    sitecustomize.KEPT = sys.argv[2]
    kept_yaml.keep(sitecustomize.kept_code)
from ansible.config.manager import ConfigManager
from ansible.utils.collection_loader import _collection_meta
text = open(sys.argv[1], "rb").read()
print(json.dumps([_collection_meta._meta_yml_to_dict(text, ""), ConfigManager()._base_defs], default=repr))
"""


def test_what_is_kept_is_what_is_in_the_file(tmp_path):
    compiled = tmp_path / "compiled"
    compiled.mkdir()
    file = tmp_path / "runtime.yml"

    def read(*words):
        command = [sys.executable, "-c", READ, str(file), *words]
        env = {**os.environ, "PYTHONPATH": f"{KEPT}:{os.environ['PYTHONPATH']}"}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    for text in ("plugin_routing: {modules: {a: {redirect: b.c.d}}}\n", "requires_ansible: '>=2.18'\n", ""):
        file.write_text(text)
        alone, first = read(), read(str(tmp_path))
        made = sorted(compiled.iterdir())
        again = read(str(tmp_path))
        assert first == again == alone and len(json.loads(alone)[1]) > 100
        assert sorted(compiled.iterdir()) == made
    assert len(made) == 4
