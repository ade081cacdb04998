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

#: where each of them is by then
PATH = "{{ '/srv/moved' if inventory_hostname == 'mount-goofys' else '/srv/media' }}"
#: prints what is about the two mounts by name or place
LEFT = (
    "find /etc/systemd/system -name 'mediastore-mount-media*' -o -name 'mediastore-mount-cheap*' -o -type l -name '*watch@*';"
    "find /var/lib/node-exporter /etc/mediastore/mounts /run/mediastore-mounts /var/lib/mediastore/mounts -mindepth 1 2>/dev/null"
)


def test_a_mount_moves_by_its_path():
    """Such as from beside an application's directory to its place."""
    goofys = MACHINES[0]
    media = {"name": "media", "backend": "goofys", "bucket": "site-media", "prefix": "goofys/media", "owner": "www-data"}
    moved = {**media, "path": "/srv/moved", "services": [APP]}
    kept = goofys.listing()
    status, output = play("-e", json.dumps({"mediastore_mounts": [moved]}), limit=goofys.name)
    assert status == 0, output
    assert goofys.host.mount_point("/srv/moved").exists and not goofys.host.mount_point("/srv/media").exists
    assert set(goofys.sh("ls /srv/moved").split()) >= {key for key in kept if "/" not in key}
    goofys.sh("touch /srv/media/free; rm /srv/media/free")


def test_nothing_is_left_but_the_data():
    kept = {machine.name: machine.listing() for machine in MACHINES}
    absent = json.dumps(
        {
            "mediastore_mounts": [
                {"name": "media", "path": PATH, "state": "absent", "owner": "www-data"},
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
        path = "/srv/moved" if machine.backend == "goofys" else "/srv/media"
        folder = machine.host.file(path)
        assert (folder.user, folder.mode, folder.listdir()) == ("www-data", 0o750, [])
        machine.sh("touch %s/file; rm %s/file", path, path)
    status, output = play("-e", absent)
    assert (status, output.count("changed=0")) == (0, len(MACHINES)), output
