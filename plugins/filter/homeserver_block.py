# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the role synapse."""

from __future__ import annotations

DOCUMENTATION = r"""
name: homeserver_block
short_description: Put the storage provider into homeserver.yaml, and leave everything else as it is
version_added: 0.2.0
description:
  - Returns the text of a C(homeserver.yaml) with a block between two marker lines. Every other byte stays, comments among them.
  - An empty C(media_storage_providers) is set aside within the block, for YAML knows each key once, and comes back when it goes.
    One that names a provider is refused.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, block
options:
  _input:
    description: The text of C(homeserver.yaml).
    type: str
    required: true
  block:
    description: The lines to put there. Without any an earlier block is removed.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the file without the storage provider
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'homeserver.yaml') | mediastore.s3.homeserver_block }}"
"""

RETURN = r"""
_value:
  description: The new text.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.yaml import SafeLoader

BEGIN = "# BEGIN written by Ansible, role mediastore.s3.synapse"
END = "# END written by Ansible, role mediastore.s3.synapse"
ASIDE = "# set aside: "
KEY = "media_storage_providers"
NULL = "tag:yaml.org,2002:null"


def homeserver_block(text: str, block: str = "") -> str:
    """The text with this block in place of an earlier one."""
    lines = _without_block(str(text).splitlines(keepends=True))
    if not block:
        return "".join(lines)
    first, last = _place(lines)
    aside = [f"{ASIDE}{line}" for line in lines[first:last]]
    new = [f"{BEGIN}\n", *aside, *f"{block.rstrip()}\n".splitlines(keepends=True), f"{END}\n"]
    if first and not lines[first - 1].endswith("\n"):
        lines[first - 1] += "\n"
    return "".join(lines[:first] + new + lines[last:])


def _without_block(lines: list[str]) -> list[str]:
    """The lines without ours, and with those that were set aside."""
    marked = [line.rstrip() for line in lines]
    if BEGIN not in marked:
        return lines
    begin = marked.index(BEGIN)
    if END not in marked[begin:]:
        raise AnsibleFilterError(
            f"Could not edit homeserver.yaml: the line '{END}' is missing. Put it where the block of this role ends."
        )
    end = marked.index(END, begin)
    aside = [line[len(ASIDE) :] for line in lines[begin:end] if line.startswith(ASIDE)]
    return lines[:begin] + aside + lines[end + 1 :]


def _place(lines: list[str]) -> tuple[int, int]:
    """The lines from which and to which the key is, or twice the end of the file."""
    try:
        document = SafeLoader("".join(lines)).get_single_node()
    except Exception as error:
        # without the line itself, which may hold a secret
        said = (
            f"{getattr(error, 'problem', error)}, line {error.problem_mark.line + 1}" if hasattr(error, "problem_mark") else "?"
        )
        raise AnsibleFilterError(f"Could not edit homeserver.yaml: it is not valid YAML ({said}). Correct it.") from None
    end = len(lines)
    if document is None:
        return end, end
    if document.id != "mapping" or document.flow_style or any(line.rstrip() == "..." for line in lines):
        raise AnsibleFilterError(
            "Could not edit homeserver.yaml: it is not a list of settings, one below the other. Use a drop-in instead."
        )
    for key, value in document.value:
        if key.value == KEY:
            if value.value and value.tag != NULL:
                raise AnsibleFilterError(
                    f"Could not edit homeserver.yaml: it sets {KEY} already. Remove that setting and run this again."
                )
            # the mark of nothing is where it might have begun, which may be a line of something else
            return key.start_mark.line, (value if value.value or value.tag != NULL else key).end_mark.line + 1
    return end, end


class FilterModule:
    """Ansible finds the filters here."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        return {"homeserver_block": homeserver_block}
