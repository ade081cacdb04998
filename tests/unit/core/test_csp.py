# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A content security policy is read as browsers read it."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.csp import blocking

PAGE = "https://social.example.org/home"
MEDIA = "https://media.example.org/accounts/a.png"


@pytest.mark.parametrize(
    ("policy", "url"),
    [
        ("", MEDIA),
        ("script-src 'self'", MEDIA),
        ("img-src *", MEDIA),
        ("img-src https:", MEDIA),
        ("img-src http:", MEDIA),
        ("img-src media.example.org", MEDIA),
        ("IMG-SRC https://MEDIA.example.org", MEDIA),
        ("img-src 'self' data: blob: https://social.example.org https://media.example.org", MEDIA),
        ("img-src http://media.example.org", MEDIA),
        ("img-src *.example.org", MEDIA),
        ("img-src https://media.example.org:443", MEDIA),
        ("img-src https://media.example.org:*", "https://media.example.org:8443/a.png"),
        ("img-src https://media.example.org/accounts/", MEDIA),
        ("img-src https://media.example.org/accounts/a.png", MEDIA),
        ("img-src [::1]:8443", "https://[::1]:8443/a.png"),
        ("img-src 'self'", "https://social.example.org/system/a.png"),
        ("default-src 'none'; img-src media.example.org", MEDIA),
        # of two with one name the first counts
        ("img-src media.example.org; img-src 'none'", MEDIA),
        ("img-src https:, img-src media.example.org", MEDIA),
        ("media-src 'none'", MEDIA),
    ],
)
def test_it_lets_an_image_be_shown(policy, url):
    assert blocking(policy, "image", url, PAGE) is None


@pytest.mark.parametrize(
    ("policy", "url", "directive"),
    [
        ("img-src 'none'", MEDIA, "img-src 'none'"),
        ("img-src", MEDIA, "img-src"),
        ("img-src 'self' data:", MEDIA, "img-src 'self' data:"),
        ("default-src 'self'", MEDIA, "default-src 'self'"),
        ("img-src https:", "http://media.example.org/a.png", "img-src https:"),
        ("img-src media.example.org", "http://media.example.org/a.png", "img-src media.example.org"),
        ("img-src *.media.example.org", MEDIA, "img-src *.media.example.org"),
        ("img-src https://media.example.org", "https://media.example.org:8443/a.png", "img-src https://media.example.org"),
        ("img-src https://media.example.org/headers/", MEDIA, "img-src https://media.example.org/headers/"),
        ("img-src https://media.example.org/accounts", MEDIA, "img-src https://media.example.org/accounts"),
        ("img-src 'self'", "https://social.example.org:8443/a.png", "img-src 'self'"),
        ("img-src https:, default-src 'none'", MEDIA, "default-src 'none'"),
        ("img-src 'unsafe-inline' 'nonce-abc='", MEDIA, "img-src 'unsafe-inline' 'nonce-abc='"),
    ],
)
def test_it_does_not(policy, url, directive):
    assert blocking(policy, "image", url, PAGE) == directive


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_sounds_and_films_have_a_directive_of_their_own(kind):
    assert blocking("img-src *; media-src 'self'", kind, MEDIA, PAGE) == "media-src 'self'"
    assert blocking("img-src 'none'; media-src *", kind, MEDIA, PAGE) is None


def test_a_page_without_tls_may_show_what_has_it():
    page = "http://localhost:3000/"
    assert blocking("img-src 'self'", "image", "http://localhost:3000/a.png", page) is None
    assert blocking("img-src media.example.org", "image", MEDIA, page) is None
