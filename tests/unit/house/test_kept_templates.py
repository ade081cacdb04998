# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook says the same whether its templates were compiled now or are kept (tests/utils/kept/kept_templates.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

UTILS = Path(__file__).resolve().parents[2] / "utils"
PLAYBOOK = r"""
- hosts: localhost
  gather_facts: false
  vars:
    word: "a\\b"
    marks: {variable_start_string: "[%", variable_end_string: "%]"}
  tasks:
    - ansible.builtin.debug:
        msg: "{{ word | replace('\\\\', '/') }} {{ [1, 2] | map('string') | join('-') }}"
      when: word is defined and word | length == 3
    - ansible.builtin.debug:
        msg: "{{ lookup('ansible.builtin.template', 'some.j2') }}"
    - ansible.builtin.debug:
        msg: "{{ lookup('ansible.builtin.template', 'some.j2', trim_blocks=false, **marks) }}"
    - ansible.builtin.debug:
        msg: "{{ word | no_such_filter }}"
      ignore_errors: true
    - ansible.builtin.debug:
        msg: no
      when: word ==
"""


def test_what_is_kept_is_what_would_have_been_made(tmp_path):
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    (tmp_path / "some.j2").write_text("{% for n in [1, 2] %}\n {{ n }}\n{% endfor %}[% word %]\n")
    (tmp_path / "kept" / "compiled").mkdir(parents=True)

    def run(kept):
        path = f"{UTILS / 'kept'}:{os.environ['PYTHONPATH']}"
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "play.yml"]
        env = {**os.environ, "KEPT": kept and str(tmp_path / kept), "PYTHONPATH": path, "NO_COLOR": "1"}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    def there():
        return sorted(path.name for path in (tmp_path / "kept" / "compiled").iterdir())

    alone, first = run(""), run("kept")
    made = there()
    again = run("kept")
    assert "b 1-2" in alone.stdout and "[% word %]" in alone.stdout and "{{ n }}" in alone.stdout, alone.stdout
    assert "no_such_filter" in alone.stdout and alone.returncode != 0
    assert (first.returncode, first.stdout) == (again.returncode, again.stdout) == (alone.returncode, alone.stdout)
    assert len(made) >= 6 and there() == made
