# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which engine moves the objects, and why."""

from __future__ import annotations

from .._core.errors import BadInput
from .._core.model import Attributes
from .._store.objects import BotoStore
from .._store.objects_obstore import ObstoreStore
from .._store.obstore_client import ObstoreMissing, missing, unfit
from .module import StoreModule

ASKED = "engine says so"
FASTER = "it is installed, and moves small objects much faster"


def choose(module: StoreModule, doing: str, moves: bool, attributes: Attributes) -> tuple[type[BotoStore], str]:
    """The engine and the reason for it; may start the module again where obstore is, if objects are going to be moved."""
    asked = module.params["engine"]
    if asked == "boto3":
        return BotoStore, ASKED
    lacking = missing()
    if lacking and (moves or asked == "obstore"):
        module.respawn_with("obstore", "boto3")
    if asked == "obstore" and lacking:
        raise ObstoreMissing(doing, lacking)
    obstacle = lacking or unfit(attributes)
    if asked == "obstore" and obstacle:
        raise BadInput(doing, said=f"engine is obstore, and {obstacle}", remedy="Leave engine at auto, or use boto3.")
    if obstacle:
        return BotoStore, obstacle
    return ObstoreStore, ASKED if asked == "obstore" else FASTER
