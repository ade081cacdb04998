# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""s3fs: keeps the mode of every file, and needs many requests. Facts are of 1.90 (Debian 12)."""

from __future__ import annotations

from .backend import Backend, Mount

#: what objects have that others made; whoever writes through the mount gives each file a mode of its own, which stays
MODES = ("0750", "0640")


def arguments(mount: Mount) -> list[str]:
    said = [
        f"passwd_file={mount.etc('passwd')}",
        f"url={mount.endpoint}",
        f"endpoint={mount.region}",
        f"fsname={mount.place('/')}",
    ]
    # Without mp_umask everybody enters. With umask= files had the mode of folders.
    said += ["allow_other", f"uid={mount.uid}", f"gid={mount.gid}", "mp_umask=0027"]
    said += ["connect_timeout=10", "readwrite_timeout=30", "retries=3"]
    said += [] if mount.virtual else ["use_path_request_style"]
    said += [f"storage_class={mount.storage_class.lower()}"] if mount.storage_class else []
    said += [f"use_sse=custom:{mount.etc('sse_c_keys')}"] if mount.sse_c_key else []
    said += [f"use_cache={mount.cache_path}"] if mount.cache_path else []
    said += [] if mount.validate_certs else ["no_check_certificate", "ssl_verify_hostname=0"]
    return [mount.place(":/"), mount.path, "-f", *[word for one in said for word in ("-o", one)]]


def files(mount: Mount) -> dict[str, str]:
    found = {"passwd": f"{mount.access_key}:{mount.secret_key}\n"}
    return {**found, "sse_c_keys": f"{mount.sse_c_key}\n"} if mount.sse_c_key else found


def problems(mount: Mount) -> list[str]:
    found = []
    if (mount.dir_mode, mount.file_mode) != MODES:
        found.append(
            "s3fs keeps the mode with which each file is written, and objects that others made are "
            f"{MODES[0]} and {MODES[1]}: dir_mode and file_mode can be nothing else. Leave them out, or use backend: rclone."
        )
    if mount.sse_c_key and mount.storage_class == "REDUCED_REDUNDANCY":
        found.append(
            "s3fs refuses sse_c_key together with storage_class REDUCED_REDUNDANCY. Leave one out, or use backend: rclone."
        )
    return found


BACKEND = Backend(
    program="s3fs",
    packages={"Debian": "s3fs", "RedHat": "s3fs-fuse"},
    home="https://github.com/s3fs-fuse/s3fs-fuse",
    needs={},
    notifies=False,
    arguments=arguments,
    source=lambda mount: mount.place("/"),
    files=files,
    ca_variable="CURL_CA_BUNDLE",
    lacks={
        "session_token": "s3fs takes no session token from a file. Use a key that lasts, or backend: rclone.",
        "cache_max_size": "s3fs knows only how much to leave free: options: [-o, ensure_diskfree=1000]. Or use backend: rclone.",
    },
    refuses={"use_sse": "Say sse_c_key, whose file only root can read.", "use_cache": "Say cache.path."},
    problems=problems,
)
