# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that does not stop in time is killed, and stays down."""

from __future__ import annotations

testinfra_hosts = ["apps"]


def test_it_is_down_and_was_soon(host):
    unit = host.check_output("systemctl show matrix-synapse --property ActiveState,MainPID,NRestarts").splitlines()
    assert {"MainPID=0", "NRestarts=0"} < set(unit)
    assert {"ActiveState=failed", "ActiveState=inactive"} & set(unit)
    assert 3 <= float(host.file("/root/seconds").content_string) < 30


def test_it_starts_again(host):
    host.run_expect([0], "systemctl start matrix-synapse")
    assert host.service("matrix-synapse").is_running


def test_its_worker_was_down_as_well_and_only_what_ran_before_is_started(host):
    assert host.file("/root/worker").content_string.strip() == "inactive"
    assert host.service("matrix-synapse-worker@media").is_running
