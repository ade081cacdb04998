# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What systemd says about the services of an application, recorded before they are stopped."""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

from .errors import BadInput

#: runs a command and returns its exit status, standard output and standard error
Run = Callable[[List[str]], Tuple[int, str, str]]

_PROPERTIES = "LoadState,ActiveState,UnitFileState"
_RUNNING = ("active", "activating", "reloading")


def show(unit: str, run: Run) -> dict[str, str]:
    """The properties of one unit, as systemd names them."""
    status, out, err = run(["systemctl", "show", "--no-pager", f"--property={_PROPERTIES}", unit])
    if status != 0:
        raise BadInput(
            f"ask systemd for the service {unit}",
            said=(err or out).strip() or f"systemctl ended with {status}",
            remedy="Correct the name of the service, or use commands instead of services on a host without systemd.",
            code="Systemd",
        )
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def unknown(units: list[str], run: Run) -> list[str]:
    """Those of *units* that systemd does not know."""
    return [unit for unit in units if show(unit, run).get("LoadState") == "not-found"]


def record(units: list[str], run: Run) -> list[dict[str, Any]]:
    """Whether each unit is active and enabled now; an unknown unit is an error before anything is stopped."""
    states = []
    for unit in units:
        properties = show(unit, run)
        if properties.get("LoadState") == "not-found":
            raise BadInput(
                f"record the state of the service {unit}",
                said="systemd does not know it",
                remedy="Correct the name of the service.",
                code="UnknownUnit",
            )
        enabled = properties.get("UnitFileState", "")
        # static, indirect, generated ... have nothing that could be switched, so nothing to restore
        states.append(
            {
                "name": unit,
                "active": properties.get("ActiveState") in _RUNNING,
                "enabled": {"enabled": True, "disabled": False}.get(enabled),
            }
        )
    return states
