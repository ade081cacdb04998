# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`state: absent` leaves nothing, and the application as it was."""

from __future__ import annotations

from ansible_collections.mediastore.s3.extensions.molecule.nginx_cache.default.tests.site import (
    CACHES,
    WEB,
    get,
    run,
    with_caches,
)


def test_what_is_removed_is_gone_and_the_rest_is_as_it_was():
    gone = [{**cache, "state": "absent"} for cache in CACHES.values()]
    status, output = with_caches(*gone)
    assert status == 0, output
    left = run(WEB, "sh", "-c", "grep -rl mediastore /etc/nginx; ls /var/lib/nginx/mediastore /etc/nginx/app.d").split()
    assert [word for word in left if not word.endswith(b":")] == []
    assert get("chat", "/media/here.jpg").status == 403 and get("chat", "/elsewhere").status == 404
    assert get("chat", "/internal/s3/s3.test/chat-media/here.jpg").status == 404
    status, output = with_caches(*gone)
    assert status == 0 and "changed=0" in output, output
