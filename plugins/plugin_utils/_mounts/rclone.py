# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""rclone mount: takes every write into a cache, and uploads it a moment later. Facts are of 1.60 (Debian 12) and 1.75."""

from __future__ import annotations

from .backend import Backend, Mount

#: rclone's names where it treats a provider in a way of its own
PROVIDERS = {"aws": "AWS", "ceph": "Ceph", "digitalocean": "DigitalOcean", "gcs": "GCS", "minio": "Minio", "scaleway": "Scaleway"}
PROVIDERS.update({"seaweedfs": "SeaweedFS", "storj": "Storj", "wasabi": "Wasabi"})
ARGV = "The command line can be read by every user of the host. Keys belong into mediastore_store and sse_c_key."


def arguments(mount: Mount) -> list[str]:
    found = [
        "mount",
        f"media:{mount.place('/')}",
        mount.path,
        "--config",
        mount.etc("rclone.conf"),
        "--devname",
        mount.place("/"),
    ]
    found += ["--allow-other", "--default-permissions", "--uid", mount.uid, "--gid", mount.gid, "--umask", "0"]
    found += ["--dir-perms", mount.dir_mode, "--file-perms", mount.file_mode]
    # With less than a second a later change of times comes into the upload, which then fails without a word.
    found += ["--vfs-cache-mode", "writes", "--vfs-write-back", "1s", "--cache-dir", cache(mount)]
    found += ["--contimeout", "10s", "--timeout", "30s"]
    found += ["--vfs-cache-max-size", mount.cache_max_size] if mount.cache_max_size else []
    found += ["--ca-cert", mount.ca_path] if mount.ca_path else []
    return found + ([] if mount.validate_certs else ["--no-check-certificate"])


def cache(mount: Mount) -> str:
    """What is in here is perhaps nowhere else, so it always has a place that stays."""
    return mount.cache_path or f"/var/lib/mediastore/mounts/{mount.name}"


def files(mount: Mount) -> dict[str, str]:
    said = {
        "type": "s3",
        "provider": PROVIDERS.get(mount.provider, "Other"),
        "env_auth": "false",
        "access_key_id": mount.access_key,
        "secret_access_key": mount.secret_key,
        "session_token": mount.session_token,
        "endpoint": mount.endpoint,
        "region": mount.region,
        "force_path_style": "false" if mount.virtual else "true",
        "no_check_bucket": "true",
        "storage_class": mount.storage_class,
        **({"sse_customer_algorithm": "AES256", "sse_customer_key_base64": mount.sse_c_key} if mount.sse_c_key else {}),
    }
    return {"rclone.conf": "[media]\n" + "".join(f"{name} = {value}\n" for name, value in said.items() if value)}


BACKEND = Backend(
    program="rclone",
    packages={"Debian": "rclone", "RedHat": "rclone"},
    home="https://rclone.org/downloads/",
    needs={"Debian": "fuse3", "RedHat": "fuse3"},
    notifies=True,
    arguments=arguments,
    source=lambda mount: mount.place("/"),
    files=files,
    pending=lambda mount: f"{cache(mount)}/vfsMeta",
    refuses={
        "--daemon": "systemd runs it.",
        "--s3-secret-access-key": ARGV,
        "--s3-sse-customer-key": ARGV,
        "--s3-sse-customer-key-base64": ARGV,
        "--cache-dir": "Say cache.path, so that the role knows where uploads wait.",
    },
)
