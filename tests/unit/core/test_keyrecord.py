# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down about a key comes back whole, and programs that read the file see the key in use and nothing else."""

from __future__ import annotations

import itertools
import subprocess

import botocore.configloader
import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.keyrecord import FORMATS, Record, Secret, parse, render

NEW, OLD = Secret("AKNEW", "s3cr3t/+="), Secret("AKOLD", "old/+=secret")
RECORDS = [
    Record(current, previous, unfinished)
    for current, previous, unfinished in itertools.product((None, NEW), (None, OLD), (None, (), ("AKOLD", "AKX")))
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("record", RECORDS)
def test_it_comes_back_whole(record, form):
    assert parse(render(record, form), form, "here") == record


def test_boto_reads_the_key_in_use(tmp_path):
    path = tmp_path / "credentials"
    path.write_text(render(Record(NEW, OLD, ("AKOLD",)), "aws", "media"))
    found = botocore.configloader.raw_config_parse(str(path))
    assert found == {"media": {"aws_access_key_id": NEW.access_key, "aws_secret_access_key": NEW.secret_key}}


def test_a_shell_reads_the_key_in_use(tmp_path):
    path = tmp_path / "env"
    path.write_text(render(Record(NEW, OLD), "env"))
    script = 'set -a; . "$1"; echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"'
    done = subprocess.run(["sh", "-c", script, "sh", str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{NEW.access_key} {NEW.secret_key}\n"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("aws", "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"),
        ("env", "PASSWORD=x\n"),
        ("json", '{"access_key": "A", "secret_key": "B", "mine": 1}'),
        ("json", '{"access_key": "A"}'),
        ("json", '{"access_key": "A", "secret_key": "B", "unfinished": "A"}'),
        ("json", "[]"),
        ("json", "nonsense"),
        ("env", '# mediastore.s3 {"previous": 5}\n'),
    ],
)
def test_what_is_not_ours_is_never_overwritten(form, text):
    with pytest.raises(BadInput, match="here holds something else"):
        parse(text, form, "here")


def test_a_secret_that_would_be_read_in_another_way_is_refused():
    with pytest.raises(BadInput, match="cannot") as failed:
        render(Record(Secret("A", "two words # and more")), "env")
    assert "two words" not in str(failed.value)
    assert parse(render(Record(Secret("A", "two words")), "json"), "json", "here").current == Secret("A", "two words")


def test_only_what_an_unfinished_run_made_is_lost():
    there = ("AKOLD", "AKNEW", "AKLOST")
    assert Record(NEW, OLD).lost(there) == ()
    assert Record(NEW, OLD, ("AKOLD",)).lost(there) == ("AKLOST",)
    assert Record(None, None, ()).lost(there) == there
    assert Record(None, None, there).lost(there) == ()


def test_no_secret_is_in_what_python_shows_of_it():
    for shown in (repr(Record(NEW, OLD)), str(NEW)):
        assert NEW.secret_key not in shown and OLD.secret_key not in shown and "AKNEW" in shown
