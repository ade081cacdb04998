# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The module as our modules see it, without a store: options, and one way to end.

Apart from module.py because importing boto3 takes longer than all that such a module does.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._core.errors import MediastoreError
from .argspec import ArgSpec

Self = t.TypeVar("Self", bound="HostModule")


class HostModule(AnsibleModule):
    """A module that works on the host only."""

    def __init__(self, spec: ArgSpec, supports_check_mode: bool = True) -> None:
        self._said: frozenset[str] = frozenset()
        super().__init__(supports_check_mode=supports_check_mode, **spec.kwargs())

    def _load_params(self) -> None:
        super()._load_params()
        # Before AnsibleModule fills in the defaults: the only moment at which the two can be told apart.
        self._said = frozenset(name for name, value in self.params.items() if value is not None)

    def asked(self, name: str) -> bool:
        """Whether the user said it, rather than the default."""
        return name in self._said

    @property
    def diff_asked(self) -> bool:
        """Whether the user wants to see a diff."""
        return bool(self._diff)

    def run(self: Self, act: t.Callable[[Self], dict[str, t.Any]]) -> t.NoReturn:
        """Do it and end the module; whatever goes wrong ends as one clear error."""
        try:
            result = act(self)
        except MediastoreError as exc:
            self._fail(exc)
        except Exception as exc:
            self._fail(self.explain(exc))
        self.exit_json(**result)
        raise AssertionError("exit_json does not return")

    def explain(self, exc: Exception) -> MediastoreError:
        """What went wrong, for whoever ran the task."""
        if isinstance(exc, OSError) and exc.filename:
            return MediastoreError(
                f"use {exc.filename}", said=exc.strerror or str(exc), remedy="Check the path and its permissions."
            )
        return MediastoreError(
            "finish this task",
            said=f"an error that nobody thought of, {type(exc).__name__}: {exc}, at {_place(exc)}",
            remedy="Please report it to the collection with the task and this message.",
            code="Unexpected",
        )

    def _fail(self, exc: MediastoreError) -> t.NoReturn:
        self.fail_json(msg=str(exc), error=exc.as_dict(), **exc.result)
        raise AssertionError("fail_json does not return")


def _place(exc: BaseException) -> str:
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "an unknown place"
