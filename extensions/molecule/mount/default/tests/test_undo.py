# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`state: absent` leaves nothing but the data."""

from __future__ import annotations

import json

from ansible_collections.mediastore.s3.extensions.molecule.mount.default.tests.machines import (
    APP,
    MACHINES,
    UNIT,
    play,
)

#: prints what is about the two mounts by name or place
LEFT = (
    "find /etc/systemd/system -name 'mediastore-mount-media*' -o -name 'mediastore-mount-cheap*' -o -type l -name '*watch@*';"
    "find /etc/mediastore/mounts /run/mediastore-mounts /var/lib/mediastore/mounts -mindepth 1 2>/dev/null"
)


def test_nothing_is_left_but_the_data():
    kept = {machine.name: machine.listing() for machine in MACHINES}
    absent = json.dumps(
        {
            "mediastore_mounts": [
                {"name": "media", "path": "/srv/media", "state": "absent", "owner": "www-data"},
                {"name": "cheap", "path": "/srv/cheap", "state": "absent"},
            ]
        }
    )
    status, output = play("-e", absent)
    assert status == 0, output
    for machine in MACHINES:
        assert machine.listing() == kept[machine.name] != set()
        assert machine.host.run(LEFT).stdout == "", machine.name
        assert machine.unit(UNIT, "LoadState") == "not-found"
        assert UNIT not in machine.unit(APP, "BindsTo")
        assert not machine.active(APP)
        folder = machine.host.file("/srv/media")
        assert (folder.user, folder.mode, folder.listdir()) == ("www-data", 0o750, [])
        machine.sh("touch /srv/media/file; rm /srv/media/file")
    status, output = play("-e", absent)
    assert (status, output.count("changed=0")) == (0, len(MACHINES)), output
