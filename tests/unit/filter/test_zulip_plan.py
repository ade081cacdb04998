# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the settings of the role zulip to Zulip's three files, and what is refused with which words."""

from __future__ import annotations

import configparser

import pytest

from ansible_collections.mediastore.s3.plugins.filter.zulip_plan import zulip_plan
from ansible_collections.mediastore.s3.plugins.plugin_utils._zulip import BEGIN, END

CEPH = {"endpoint": None, "region": "default", "addressing_style": "path"}
AWS = {"endpoint": None, "region": None, "addressing_style": "auto"}
ASKED = {
    "path": "/home/zulip/uploads",
    "uploads_bucket": "up",
    "avatars_bucket": "av",
    "exports_bucket": "ex",
    "endpoint_url": "https://s3.example.org:8443/",
    "access_key": "KEY",
    "secret_key": "SECRET/+=%",
}
#: of the shape of Zulip's own zproject/prod_settings_template.py
SETTINGS = """\
from typing import Any

################
## Mandatory settings.
ZULIP_ADMINISTRATOR = "zulip-admin@example.com"
EXTERNAL_HOST = "zulip.example.com"

AUTHENTICATION_BACKENDS: tuple[str, ...] = (
    "zproject.backends.EmailAuthBackend",  # Email and password; just requires SMTP setup
    # "zproject.backends.GoogleAuthBackend",  # Google auth
)

SOCIAL_AUTH_SAML_ORG_INFO = {
    "en-US": {
        "url": "{}{}".format("https://", EXTERNAL_HOST),
    },
}
SSO_APPEND_DOMAIN: str | None = None

## By default, files uploaded by users and profile pictures are stored
## directly on the Zulip server.
LOCAL_UPLOADS_DIR = "/home/zulip/uploads"
# S3_AUTH_UPLOADS_BUCKET = ""
# S3_AVATAR_BUCKET = ""
# S3_REGION = None
# S3_ENDPOINT_URL = None
# S3_SKIP_PROXY = True

MAX_FILE_UPLOAD_SIZE = 100
"""
SECRETS = """\
[secrets]
avatar_salt = 0123456789abcdef
rabbitmq_password = with%percent
secret_key = another
"""
CONF = """\
# by the installer
[machine]
puppet_classes = zulip::profile::standalone
deploy_type = production

[postgresql]
version = 16
"""


def plan(settings=SETTINGS, secrets=SECRETS, conf=CONF, provider=None, **changes):
    return zulip_plan({**ASKED, **changes}, provider or CEPH, {"settings": settings, "secrets": secrets, "conf": conf})


def made(**given):
    found = plan(**given)
    assert found["problems"] == []
    return found


def values(text):
    """What Python makes of it."""
    names: dict[str, object] = {}
    exec(compile(text, "settings.py", "exec"), names)
    return {name: value for name, value in names.items() if name.startswith(("S3_", "LOCAL_"))}


def test_a_store_of_ones_own():
    found = made()
    assert found["settings"] == SETTINGS.replace("\nLOCAL_UP", "\n# LOCAL_UP") + (
        f"{BEGIN}\n"
        'S3_AUTH_UPLOADS_BUCKET = "up"\n'
        'S3_AVATAR_BUCKET = "av"\n'
        'S3_EXPORT_BUCKET = "ex"\n'
        'S3_REGION = "default"\n'
        'S3_ENDPOINT_URL = "https://s3.example.org:8443"\n'
        'S3_ADDRESSING_STYLE = "path"\n'
        "S3_SKIP_CHECKSUM = True\n"
        f"{END}\n"
    )
    assert found["secrets"] == SECRETS + "s3_key = KEY\ns3_secret_key = SECRET/+=%\n"
    assert found["conf"] == CONF
    assert found["places"] == [
        {"folder": "files/", "bucket": "up"},
        {"folder": "avatars/", "bucket": "av"},
        {"folder": "avatars/exports/", "bucket": "ex"},
    ]
    assert not found["enabled"]


def test_amazon_needs_no_endpoint_and_no_key():
    found = made(provider=AWS, endpoint_url="", region="eu-central-1", access_key="", secret_key="")
    assert values(found["settings"]) == {
        "S3_AUTH_UPLOADS_BUCKET": "up",
        "S3_AVATAR_BUCKET": "av",
        "S3_EXPORT_BUCKET": "ex",
        "S3_REGION": "eu-central-1",
    }
    assert found["secrets"] == SECRETS


def test_a_second_time_nothing_changes_and_other_values_take_the_place_of_the_first():
    first = made()
    again = {name: first[name] for name in ("settings", "secrets", "conf")}
    second = made(**again)
    assert {name: second[name] for name in again} == again
    assert second["enabled"]
    other = made(**again, access_key="OTHER", region="other", storage_class="STANDARD_IA")
    assert values(other["settings"])["S3_REGION"] == "other"
    assert values(other["settings"])["S3_UPLOADS_STORAGE_CLASS"] == other["places"][0]["storage_class"] == "STANDARD_IA"
    assert other["settings"].count(BEGIN) == other["settings"].count(END) == 1
    assert other["secrets"] == first["secrets"].replace("KEY", "OTHER", 1)


@pytest.mark.parametrize(
    "line",
    [
        'LOCAL_UPLOADS_DIR = "/home/zulip/uploads"  # as it was',
        'LOCAL_UPLOADS_DIR: str | None = "/home/zulip/uploads"',
        'LOCAL_UPLOADS_DIR = (\n    "/home/zulip/"\n    "uploads"\n)',
        'LOCAL_UPLOADS_DIR = "/somewhere"\nLOCAL_UPLOADS_DIR = "/home/zulip/uploads"',
        'ODD = "a\x0cb\u2028c"\nLOCAL_UPLOADS_DIR = """/home/zulip/uploads"""',
    ],
)
def test_each_form_of_the_setting_is_commented_out(line):
    text = SETTINGS.replace('LOCAL_UPLOADS_DIR = "/home/zulip/uploads"', line)
    found = plan(settings=text, path="")
    assert found["problems"] == []
    assert set(values(found["settings"])) & {"LOCAL_UPLOADS_DIR"} == set()
    # without the marks of the comments and the block it is what it was
    rest = found["settings"].partition(BEGIN)[0]
    assert rest.replace("# LOCAL_UP", "LOCAL_UP").replace("#     ", "    ").replace("# )", ")") == text


@pytest.mark.parametrize(
    "line, said",
    [
        ('if True:\n    LOCAL_UPLOADS_DIR = "/home/zulip/uploads"', "Line 23 of settings.py sets LOCAL_UPLOADS_DIR in a way"),
        (
            'LOCAL_UPLOADS_DIR = "/home/zulip/uploads"; X = 1',
            "Line 22 of settings.py has LOCAL_UPLOADS_DIR and another statement",
        ),
        ('X = LOCAL_UPLOADS_DIR = "/home/zulip/uploads"', "Line 22 of settings.py sets LOCAL_UPLOADS_DIR in a way"),
        (
            'LOCAL_UPLOADS_DIR = "/home/zulip/uploads"\nX = LOCAL_UPLOADS_DIR + "/x"',
            "Line 23 of settings.py uses LOCAL_UPLOADS_DIR in a way",
        ),
        ('LOCAL_FILES_DIR = "/srv"', "Line 22 of settings.py sets LOCAL_FILES_DIR"),
        (
            'LOCAL_UPLOADS_DIR = "/srv/uploads"',
            "says LOCAL_UPLOADS_DIR is /srv/uploads, and zulip_media_path is /home/zulip/uploads",
        ),
        (
            'S3_AVATAR_PUBLIC_URL_PREFIX = "https://a.example.org"',
            "Line 22 of settings.py sets S3_AVATAR_PUBLIC_URL_PREFIX, which would",
        ),
        ("LOCAL_UPLOADS_DIR = (", "settings.py is no Python (line"),
    ],
)
def test_what_cannot_be_edited_is_named_by_its_line(line, said):
    text = SETTINGS.replace('LOCAL_UPLOADS_DIR = "/home/zulip/uploads"', line)
    found = plan(settings=text)
    assert said in " ".join(found["problems"])
    assert found["settings"] == text


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"uploads_bucket": ""}, "zulip_media_uploads_bucket is empty"),
        ({"avatars_bucket": ""}, "zulip_media_avatars_bucket is empty"),
        ({"avatars_bucket": "up"}, "Uploads need a bucket of their own"),
        ({"exports_bucket": ""}, "Exports of all messages would be in av, which everybody may read"),
        ({"exports_bucket": "av"}, "Exports of all messages would be in av, which everybody may read"),
        ({"secret_key": ""}, "Zulip needs access_key and secret_key"),
        ({"access_key": "", "secret_key": ""}, "Zulip needs access_key and secret_key"),
        ({"prefix": "x/"}, "Leave migrate_prefix empty"),
        ({"storage_class": "GLACIER"}, "zulip_media_storage_class is GLACIER, and Zulip knows only STANDARD,"),
        ({"secret_key": "a\nb"}, "s3_secret_key for zulip-secrets.conf has a line break"),
        ({"secrets": SECRETS + "[secrets]\n"}, "zulip-secrets.conf cannot be read"),
        (
            {"conf": "[application_server]\nnameserver = 10.0.0.1\n  10.0.0.2\n", "nameserver": "::1"},
            "zulip.conf has application_server in a form",
        ),
    ],
)
def test_what_would_not_work_is_said(changes, said):
    assert said in " ".join(plan(**changes)["problems"])


def test_exports_may_be_public_if_that_is_said():
    found = made(exports_bucket="", exports_public=True)
    assert "S3_EXPORT_BUCKET" not in values(found["settings"])
    assert [place["folder"] for place in found["places"]] == ["files/", "avatars/"]


def test_the_cache_has_its_section():
    found = made(s3_disk_cache_size="5G", nameserver="10.0.0.1")
    assert found["conf"] == CONF + "\n[application_server]\ns3_disk_cache_size = 5G\nnameserver = 10.0.0.1\n"
    known = CONF + "[application_server]\nnginx_http_only = true\nS3_disk_cache_size: 1G\n\n# of ours\n[other]\na = b"
    found = made(conf=known, s3_disk_cache_size="5G", s3_memory_cache_size="2M")
    assert found["conf"] == known.replace("S3_disk_cache_size: 1G\n", "s3_disk_cache_size = 5G\ns3_memory_cache_size = 2M\n")
    parser = configparser.RawConfigParser()
    parser.read_string(found["conf"])
    assert parser.get("application_server", "s3_memory_cache_size") == "2M"


def test_a_file_without_a_line_break_at_its_end_gets_one():
    found = made(settings=SETTINGS.rstrip("\n"), secrets=SECRETS.rstrip("\n"))
    assert found == made()
