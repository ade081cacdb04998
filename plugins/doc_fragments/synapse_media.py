# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that synapse_media_info and synapse_media_repair share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of RECONCILE in ``module_utils/_base/reconciliation.py``."""

    DOCUMENTATION = r"""
options:
  database:
    description:
      - Synapse's database, as C(database.args) of its C(homeserver.yaml) has it. It is only read. Either O(database.path) or
        O(database.dbname) is needed.
      - Nothing is locked. Of PostgreSQL two short transactions read what there is, before and after the media are looked at.
    type: dict
    required: true
    suboptions:
      path:
        description:
          - The file of an SQLite database. C(database.args.database) of C(homeserver.yaml).
        type: path
      host:
        description: Host of PostgreSQL, or the directory of its socket.
        type: str
      port:
        description: Port of PostgreSQL.
        type: int
      dbname:
        description:
          - Name of the PostgreSQL database.
          - Needs the Python library C(psycopg2) or C(psycopg) beside boto3. The Python of a Synapse with its storage provider has
            both, so set C(ansible_python_interpreter) for the task to that.
        type: str
        aliases: [database]
      user:
        description: User of PostgreSQL. One that may SELECT from the four tables of media is enough.
        type: str
      password:
        description: The password.
        type: str
      sslmode:
        description: As libpq has it, for example V(verify-full).
        type: str
      sslrootcert:
        description: File with the certificates of the authorities.
        type: path
  store_local:
    description: Whether media of the server's own users belong into the bucket, as C(store_local) of the storage provider.
    type: bool
    default: true
  store_remote:
    description: Whether media of other servers belong into the bucket, as C(store_remote) of the storage provider.
    type: bool
    default: true
  settle_after:
    description:
      - What is not in order, and younger than this, is counted as C(settling) and not judged. Synapse may still be at it.
      - Durations are a whole number and V(s), V(h), V(d) or V(w).
    type: str
    default: 1h
"""
