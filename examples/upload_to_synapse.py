#!/usr/bin/env python3
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload a medium through Synapse and read it back; after the switch read back as well what was uploaded before it.

For migrate_proof_command, as upload_to_synapse.py FILE [URL]. FILE has the access token of any user of the server, for example
one that was registered for this alone. What was uploaded before the switch is noted in FILE.before.
"""

import json
import os
import sys
from urllib.request import Request, urlopen

token_file, url = (sys.argv[1:] + ["http://127.0.0.1:8008"])[:2]
note = token_file + ".before"
with open(token_file, encoding="utf-8") as file:
    headers = {"Authorization": f"Bearer {file.read().strip()}", "Content-Type": "application/octet-stream"}


def ask(path, body=None):
    """One request, which fails if the answer is an error."""
    with urlopen(Request(f"{url}{path}", body, headers), timeout=30) as answer:
        return answer.read()


def check(medium, body):
    """Fail unless Synapse serves it as it was uploaded."""
    if ask(f"/_matrix/client/v1/media/download/{medium}") != body:
        sys.exit(f"{medium} is not what was uploaded.")


body = os.urandom(100_000)
medium = json.loads(ask("/_matrix/media/v3/upload?filename=proof-of-the-migration", body))["content_uri"].replace("mxc://", "")
check(medium, body)
if os.environ.get("MEDIASTORE_PROOF") == "before":
    with open(note, "w", encoding="utf-8") as file:
        json.dump({"medium": medium, "body": body.hex()}, file)
elif os.path.exists(note):
    with open(note, encoding="utf-8") as file:
        before = json.load(file)
    check(before["medium"], bytes.fromhex(before["body"]))
    os.remove(note)
