# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook says the same whether or not each of its tasks has a process of its own (tests/utils/kept/kept_tasks.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KEPT = Path(__file__).resolve().parents[2] / "utils" / "kept"
FILES = {
    "play.yml": """
- hosts: all
  gather_facts: false
  module_defaults:
    ansible.builtin.command: {cmd: "{{ told }}"}
  vars: {told: echo by default, once: "{{ lookup('ansible.builtin.password', '/dev/null') | length }}"}
  tasks:
    - ansible.builtin.set_fact: {number: "{{ [1, 2] | sum }}", names: "{{ names | default([]) + [inventory_hostname] }}"}
      register: noted
    - ansible.builtin.debug: {msg: "{{ number }} {{ names }} {{ noted.changed }} {{ once }}"}
    - ansible.builtin.command: echo never
      when: number == 4
      register: never
    - ansible.builtin.debug: {var: never}
    - ansible.builtin.debug: {msg: "{{ never.stdout | default('was skipped') }} {{ no_such_thing }}"}
      ignore_errors: true
    - ansible.builtin.command:
      changed_when: false
      register: said
    - ansible.builtin.include_tasks: more.yml
      vars: {given: "{{ said.stdout }}"}
    - ansible.builtin.include_tasks: more.yml
      when: false
    - ansible.builtin.include_tasks: more.yml
      loop: [one, two]
      loop_control: {loop_var: given, label: "the {{ given }}"}
    - ansible.builtin.include_role: {name: some, apply: {vars: {given: to the role}}}
    - ansible.builtin.include_role: {name: some, tasks_from: other}
      when: inventory_hostname == 'a'
    - ansible.builtin.debug: {msg: not shown}
      no_log: true
    - ansible.builtin.debug: {msg: once}
      run_once: true
    - ansible.builtin.debug: {msg: "{{ item }}"}
      loop: "{{ names }}"
      when: item != 'b'
    - ansible.builtin.command: echo elsewhere
      delegate_to: localhost
      vars: {ansible_connection: local}
      when: inventory_hostname == 'b'
    - block:
        - ansible.builtin.assert: {that: [number == 3, "names == []"], fail_msg: "as {{ number }} says", quiet: true}
      rescue:
        - ansible.builtin.debug: {msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}"}
      always:
        - ansible.builtin.meta: noop
    - ansible.builtin.debug: {msg: changed}
      changed_when: true
      notify: told
    - ansible.builtin.fail: {msg: the end}
      when: inventory_hostname == 'a'
  handlers:
    - name: told
      ansible.builtin.debug: {msg: "{{ number }}"}
""",
    "more.yml": '- ansible.builtin.set_fact: {names: "{{ names + [given] }}"}\n- ansible.builtin.debug: {var: names}\n',
    "roles/some/tasks/main.yml": '- ansible.builtin.debug: {msg: "{{ given }} {{ own }}"}\n',
    "roles/some/tasks/other.yml": "- ansible.builtin.fail: {msg: other}\n  ignore_errors: true\n",
    "roles/some/defaults/main.yml": "own: of the role\n",
    "roles/some/meta/argument_specs.yml": "argument_specs: {main: {options: {own: {type: str}, given: {type: str}}}}\n",
}


@pytest.mark.parametrize("options", [[], ["-vv"], ["--check", "--diff"]], ids=["", "verbose", "check"])
@pytest.mark.parametrize("hosts", ["a,", "a,b,"])
def test_it_is_as_in_a_process(tmp_path, hosts, options):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "kept" / "compiled").mkdir(parents=True)

    def run(kept, *more):
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", hosts, "-c", "local", "play.yml", *more]
        path = f"{KEPT}:{os.environ['PYTHONPATH']}"
        env = {**os.environ, "KEPT": kept, "PYTHONPATH": path, "NO_COLOR": "1", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        # which of two hosts is the first to answer is by chance
        lines = sorted(done.stdout.replace("for b, a", "for a, b").splitlines())
        return done.returncode, [line for line in lines if '"delta"' not in line]

    alone, kept = run("", *options), run(str(tmp_path / "kept"), *options)
    assert alone == kept
    text = "\n".join(alone[1])
    assert alone[0] == 2 and "the end" in text and "to the role" in text and "not shown" not in text
