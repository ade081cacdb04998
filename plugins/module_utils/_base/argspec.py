# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Argument specs that can be added to: options and constraints travel together."""

from __future__ import annotations

import copy
import typing as t

from .brief import be_brief

# here, because this is what most modules load first
be_brief()

#: constraints that are lists of groups; ``required_by`` is a mapping and merges as one
_LISTS = ("mutually_exclusive", "required_together", "required_one_of", "required_if")


class ArgSpec:
    """Part of a module's argument spec."""

    def __init__(self, options: dict[str, dict[str, t.Any]], **constraints: t.Any) -> None:
        unknown = set(constraints) - set(_LISTS) - {"required_by"}
        if unknown:
            raise TypeError(f"not a constraint of AnsibleModule: {', '.join(sorted(unknown))}")
        self.options = options
        self.constraints = constraints

    def merge(self, other: ArgSpec) -> ArgSpec:
        """Both together; an option that both have is a mistake in the module."""
        twice = set(self.options) & set(other.options)
        if twice:
            raise TypeError(f"defined twice: {', '.join(sorted(twice))}")
        constraints: dict[str, t.Any] = {}
        for name in _LISTS:
            groups = [*self.constraints.get(name, []), *other.constraints.get(name, [])]
            if groups:
                constraints[name] = groups
        by = {**self.constraints.get("required_by", {}), **other.constraints.get("required_by", {})}
        if by:
            constraints["required_by"] = by
        return ArgSpec({**self.options, **other.options}, **constraints)

    def but(self, **options: dict[str, t.Any]) -> ArgSpec:
        """The same, with some of its options described in another way."""
        if set(options) - set(self.options):
            raise TypeError(f"not among the options: {', '.join(sorted(set(options) - set(self.options)))}")
        return ArgSpec({**self.options, **options}, **self.constraints)

    def kwargs(self) -> dict[str, t.Any]:
        """What AnsibleModule takes."""
        # AnsibleModule writes into a default that has options of its own
        return {"argument_spec": copy.deepcopy(self.options), **self.constraints}
