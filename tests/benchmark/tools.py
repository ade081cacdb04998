# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that are compared, each with the settings that its documentation gives for speed."""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import measure
from .measure import Command, Runner
from .nulls3 import NullS3
from .trees import Tree

BUCKET = "media"
MODULE = "ansible_collections.mediastore.s3.plugins.modules"
#: this Python's own directory has rclone; that of the peers is said by tests/utils/bench.sh
HERE = Path(sys.executable).parent


@dataclass(frozen=True)
class Site:
    """Where a tool runs: the server, what is to be moved, and a directory of its own that was empty before."""

    server: NullS3
    tree: Tree
    scratch: Path

    @property
    def source(self) -> str:
        return str(self.tree.root)

    @property
    def environment(self) -> dict[str, str]:
        """Keys, trust and nothing of the user's."""
        passed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL") if name in os.environ}
        return {
            **passed,
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
            "AWS_ACCESS_KEY_ID": self.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
            "AWS_REGION": self.server.region,
            "AWS_DEFAULT_REGION": self.server.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            **({"AWS_CA_BUNDLE": self.server.ca_path} if self.server.ca_path else {}),
        }


#: makes a command for a site; whatever it prepares there is not measured
Prepare = Callable[[Site], Command]


@dataclass(frozen=True)
class Entrant:
    """One tool with one choice of settings."""

    name: str
    prepare: Prepare
    ours: bool = False
    #: what runs it: mount.run mounts the bucket for it, and counts in what that costs
    run: Runner = measure.run


def peer_program(name: str) -> str:
    """A program of tests/benchmark/requirements.txt."""
    return str(Path(os.environ["BENCHMARK_PEERS"], "bin", name))


def s5cmd_program() -> str:
    """The program itself: what is in bin/ starts a Python first."""
    found = Path(os.environ["BENCHMARK_PEERS"]).glob("lib/python3*/site-packages/s5cmd/bin/s5cmd")
    return str(next(found))


def ours(module: str = "sync", engine: str = "obstore", journal: Path | None = None, **options: Any) -> Prepare:
    """A module of this collection in a process of its own, with a journal."""

    def prepare(site: Site) -> Command:
        arguments = {
            **site.server.connection,
            "path": site.source,
            "bucket": BUCKET,
            "journal": str(journal or site.scratch / "journal.sqlite"),
            "engine": engine,
            **options,
        }
        return _module(site, module, arguments)

    return prepare


def follow() -> Prepare:
    """Start the change feed of the journal that ours uses; it ends when its socket goes with the directory of the run."""

    def prepare(site: Site) -> Command:
        arguments = {"path": site.source, "journal": str(site.scratch / "journal.sqlite"), "state": "started"}
        return _module(site, "change_feed", arguments)

    return prepare


def _module(site: Site, module: str, arguments: dict[str, Any]) -> Command:
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    return Command([sys.executable, "-m", f"{MODULE}.{module}"], site.environment, given)


def rclone(*flags: str, transfers: int = 32, action: str = "copy") -> Prepare:
    """rclone copy; without its HEAD after each upload and without asking for the bucket, both documented as savings."""

    def prepare(site: Site) -> Command:
        command = [str(HERE / "rclone"), action, site.source, f"bench:{BUCKET}"]
        command += ["--transfers", str(transfers), "--checkers", str(transfers), "--s3-no-head", "--s3-no-check-bucket", *flags]
        return Command(command, {**site.environment, **rclone_remote(site)})

    return prepare


def rclone_default() -> Prepare:
    """rclone copy as anyone would type it."""

    def prepare(site: Site) -> Command:
        return Command(
            [str(HERE / "rclone"), "copy", site.source, f"bench:{BUCKET}"], {**site.environment, **rclone_remote(site)}
        )

    return prepare


def rclone_remote(site: Site) -> dict[str, str]:
    """rclone's remote ``bench``, in its environment."""
    server = site.server
    return {
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_CONFIG_BENCH_TYPE": "s3",
        "RCLONE_CONFIG_BENCH_PROVIDER": "Minio",
        "RCLONE_CONFIG_BENCH_ENDPOINT": server.endpoint_url,
        "RCLONE_CONFIG_BENCH_ENV_AUTH": "true",
        "RCLONE_CONFIG_BENCH_REGION": server.region,
        **({"RCLONE_CA_CERT": server.ca_path} if server.ca_path else {}),
    }


def s5cmd(action: str = "cp", *flags: str, workers: int = 256) -> Prepare:
    """s5cmd cp or sync."""

    def prepare(site: Site) -> Command:
        command = [s5cmd_program(), "--endpoint-url", site.server.endpoint_url, "--numworkers", str(workers), "--log", "error"]
        return Command([*command, action, *flags, f"{site.source}/", f"s3://{BUCKET}/"], site.environment)

    return prepare


def aws(requests: int = 20, part: str = "8MB") -> Prepare:
    """aws s3 sync with the settings of `aws help s3-config`."""

    def prepare(site: Site) -> Command:
        config = site.scratch / "aws-config"
        config.write_text(
            "[default]\nrequest_checksum_calculation = when_required\nresponse_checksum_validation = when_required\n"
            f"s3 =\n  max_concurrent_requests = {requests}\n  max_queue_size = 10000\n"
            f"  multipart_threshold = {part}\n  multipart_chunksize = {part}\n  addressing_style = path\n"
        )
        command = [peer_program("aws"), "s3", "sync", site.source, f"s3://{BUCKET}", "--endpoint-url", site.server.endpoint_url]
        return Command([*command, "--only-show-errors"], {**site.environment, "AWS_CONFIG_FILE": str(config)})

    return prepare


def s3cmd() -> Prepare:
    """s3cmd sync, which has no parallelism to set; it need not compute MD5s to compare with, nor guess types by content."""

    def prepare(site: Site) -> Command:
        server = site.server
        host = server.endpoint_url.partition("://")[2]
        config = site.scratch / "s3cfg"
        config.write_text(
            f"[default]\naccess_key = {server.access_key}\nsecret_key = {server.secret_key}\n"
            f"host_base = {host}\nhost_bucket = {host}\nbucket_location = {server.region}\n"
            f"use_https = {server.ca_path is not None}\nca_certs_file = {server.ca_path or ''}\n"
        )
        command = [
            peer_program("s3cmd"),
            "-c",
            str(config),
            "sync",
            "--no-check-md5",
            "--no-mime-magic",
            "--no-progress",
            "--quiet",
        ]
        return Command([*command, f"{site.source}/", f"s3://{BUCKET}/"], site.environment)

    return prepare


def s3_media_upload() -> Prepare:
    """Synapse's own script, with a database that names the media of the tree; it has no parallelism to set."""

    def prepare(site: Site) -> Command:
        database = site.scratch / "homeserver.db"
        synapse_database(database, site.tree)
        (site.scratch / "database.yaml").write_text(f"sqlite:\n  database: {database}\n")
        script = f"{peer_program('python')} {peer_program('s3_media_upload')} --no-progress"
        upload = f"{script} upload {site.source} {BUCKET} --endpoint-url {site.server.endpoint_url}"
        steps = f"{script} update {site.source} 0d && {upload}"
        # As its README says; without it every upload has a checksum that many stores refuse.
        environment = {**site.environment, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}
        return Command(["sh", "-c", steps], environment, directory=site.scratch)

    return prepare


def synapse_database(path: Path, tree: Tree) -> None:
    """The two tables that s3_media_upload reads."""
    local, remote = [], []
    for name in tree.entries:
        kind, *rest = name.split("/")
        if kind == "local_content":
            local.append(("".join(rest), 1))
        elif kind == "remote_content":
            remote.append((rest[0], "".join(rest[1:]), "".join(rest[1:]), 1))
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "CREATE TABLE local_media_repository (media_id TEXT, created_ts BIGINT, last_access_ts BIGINT, url_cache TEXT)"
        )
        connection.execute(
            "CREATE TABLE remote_media_cache"
            " (media_origin TEXT, media_id TEXT, filesystem_id TEXT, created_ts BIGINT, last_access_ts BIGINT)"
        )
        connection.executemany("INSERT INTO local_media_repository (media_id, created_ts) VALUES (?, ?)", local)
        connection.executemany(
            "INSERT INTO remote_media_cache (media_origin, media_id, filesystem_id, created_ts) VALUES (?, ?, ?, ?)", remote
        )
    connection.close()


def rsync() -> Prepare:
    """rsync into the mounted bucket, as many guides have it; the mount is of mount.py."""

    def prepare(site: Site) -> Command:
        command = ["rsync", "--recursive", "--times", "--omit-dir-times", "--inplace", "--whole-file"]
        return Command([*command, f"{site.source}/", f"{site.scratch / 'mount'}/"], site.environment)

    return prepare


def has_community_aws() -> bool:
    """Whether the package ansible, which brings it, is installed."""
    return importlib.util.find_spec("ansible_collections.community.aws.plugins.modules.s3_sync") is not None


def s3_sync() -> Prepare:
    """community.aws.s3_sync, the module as Ansible runs it; file_change_strategy=force spares its HEAD for each file."""

    def prepare(site: Site) -> Command:
        server = site.server
        arguments = {
            "bucket": BUCKET,
            "file_root": site.source,
            "file_change_strategy": "force",
            "endpoint_url": server.endpoint_url,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
            "region": server.region,
            # the default leaves out every name that begins with a dot, of which there are none here
            "include": "*",
            **({"aws_ca_bundle": server.ca_path} if server.ca_path else {}),
        }
        return Command(
            [sys.executable, "-m", "ansible_collections.community.aws.plugins.modules.s3_sync"],
            # ours are found by PYTHONPATH, those of the ansible package by themselves
            {**site.environment, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"},
            json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode(),
        )

    return prepare
