# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd does around a mounted bucket, so that a mount is either one that answers or none at all.

    mount_guard.py clear NAME      before the start: the path is free, empty, and nothing can be written to it
    mount_guard.py ready NAME      after the start: it is a mount of this bucket and answers; what a dead mount has stopped starts
    mount_guard.py drain NAME      before the stop: nothing waits for its upload, nobody holds a file, and it is unmounted
    mount_guard.py leave NAME      after the end, whatever it was: nothing is left mounted, and it is noted what has to come back
    mount_guard.py watch NAME [FOLDER]      now and then: a mount that is dead or hangs is killed, and systemd starts it again
    mount_guard.py look PATH NAME PROGRAM HOME CACHE [SERVICE...]      for the role: what is in the way, as JSON; changes nothing
    mount_guard.py forget NAME OWNER GROUP MODE      for the role: the path is a directory as these say, and only the data is left

Standard library only. Whatever touches the mount does so in a process of its own, which may hang where this one may not.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time

ETC, RUN, CACHES = "/etc/mediastore/mounts", "/run/mediastore-mounts", "/var/lib/mediastore/mounts"
MNT_DETACH = 2
IMMUTABLE = 0x10
# _IOR and _IOW of ('f', 1) and ('f', 2), whose size is that of a long
GET_FLAGS, SET_FLAGS = (direction << 30 | struct.calcsize("l") << 16 | 0x6600 | number for direction, number in ((2, 1), (1, 2)))
GONE = (errno.ENOTCONN, errno.ECONNABORTED)
#: with less a cache is as good as full
CACHE_LEAST = 64 << 20


class Refused(Exception):
    """Ends with a sentence for people."""


def in_child(action, seconds):
    """The errno of what the action does in a process of its own, 0, or nothing if that does not come back in time.

    A process that waits for a FUSE filesystem cannot even be killed before the filesystem is, so nobody waits for it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 0
        try:
            action()
        except OSError as exc:
            code = exc.errno or errno.EIO
        os.write(writer, b"%d" % code)
        os._exit(0)
    os.close(writer)
    ready = select.select([reader], [], [], seconds)[0]
    said = os.read(reader, 16) if ready else b""
    os.close(reader)
    if not said:
        os.kill(child, signal.SIGKILL)
        return None
    os.waitpid(child, 0)
    return int(said)


def ask(path, seconds):
    """What the mount answers to a question that no cache can answer for it."""
    code = in_child(lambda: os.lstat(os.path.join(path, f".mediastore-{secrets.token_hex(8)}")), seconds)
    return 0 if code == errno.ENOENT else code


def unmount(path, seconds, lazily=False):
    """Unmount, and the errno of it, or nothing if that hangs."""

    def call():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.umount2(os.fsencode(path), MNT_DETACH if lazily else 0):
            raise OSError(ctypes.get_errno(), "umount2")

    return in_child(call, seconds)


def mounted(path):
    """Type and source of what is mounted at the path, or nothing. Read from the kernel's list, which never hangs."""
    found = None
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            before, after = line.split(" - ", 1)
            if unescaped(before.split(" ")[4]) == path:
                kind, source = after.split(" ")[:2]
                found = (kind, unescaped(source))
    return found


def unescaped(text):
    """The kernel writes spaces and the like as octal numbers."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text


def load(name, directory=None):
    """What the role has written of a mount; in RUN is what it was started with."""
    try:
        with open(os.path.join(directory or ETC, name, "mount.json"), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def started(name):
    return load(name, RUN) or load(name)


def note(name, file):
    """The path of a note about a mount that lasts until the host restarts."""
    os.makedirs(os.path.join(RUN, name), mode=0o700, exist_ok=True)
    return os.path.join(RUN, name, file)


def make_note(name, file, text):
    with open(note(name, file), "w", encoding="utf-8") as out:
        out.write(text)


def forget_note(name, file):
    """Whether there was such a note."""
    try:
        os.unlink(note(name, file))
    except FileNotFoundError:
        return False
    return True


def is_ours(found, config):
    return bool(config and found and found[0].startswith("fuse") and found[1] == config["source"])


def obstacle(path, config):
    """What is at the path that nobody may mount over, in a sentence; nothing if it is free, or mounted by us."""
    found = mounted(path)
    if found and not is_ours(found, config):
        dead = (
            " that is dead (Transport endpoint is not connected)" if found[0].startswith("fuse") and ask(path, 5) in GONE else ""
        )
        return f"{path} already is a mount of {found[1]} ({found[0]}){dead}. Unmount it (umount {path}), or choose another path."
    if found:
        return ""
    try:
        entries = os.listdir(path)
    except FileNotFoundError:
        return ""
    except NotADirectoryError:
        return f"{path} is a file. Move it away, or choose another path."
    if entries:
        return (
            f"{path} is not empty: it holds {len(entries)} entries, such as {sorted(entries)[0]}. A mount would hide them. "
            "Bring them into the bucket (mediastore.s3.sync), move them away, and run this again."
        )
    return ""


def immutable(path, value):
    """Say whether a directory can change, whoever tries."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flags = struct.unpack("l", fcntl.ioctl(descriptor, GET_FLAGS, struct.pack("l", 0)))[0] & 0xFFFFFFFF
        wanted = flags | IMMUTABLE if value else flags & ~IMMUTABLE
        if wanted != flags:
            fcntl.ioctl(descriptor, SET_FLAGS, struct.pack("l", wanted))
    finally:
        os.close(descriptor)


def clear(name):
    config = load(name)
    path = config["path"]
    while is_ours(mounted(path), config):
        print(f"{path} was still mounted by a process that is gone; it is unmounted.")
        if unmount(path, 10, lazily=True) != 0:
            raise Refused(f"Could not unmount {path}, which a process that is gone has left. Unmount it (umount -l {path}).")
    said = obstacle(path, config)
    if said:
        raise Refused(f"Could not mount {config['source']}: {said}")
    rescue(config)
    was = started(name)["path"]
    if was != path:
        free(was, 0, 0, 0o755)
    os.makedirs(path, exist_ok=True)
    protection = "immutable"
    try:
        # Root passes any mode, so this is for filesystems that know no better; and chmod needs the flag off.
        if stat.S_IMODE(os.stat(path).st_mode) or os.stat(path).st_uid:
            immutable_or_not(path, False)
            os.chown(path, 0, 0)
            os.chmod(path, 0)
        immutable(path, True)
    except OSError as exc:
        protection = f"mode 0000, which does not stop root ({exc.strerror} for the flag 'immutable')"
        print(f"While {path} is not mounted it is protected by {protection}.")
    # by what was running before
    forget_note(name, "proved")
    make_note(name, "protection", protection)
    with open(note(name, "mount.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


def rescue(config):
    """Save what rclone would remove from its cache, and say so of each file.

    It writes what it knows of a file in place, and when it starts it removes each file of which it knows nothing. A kill at the
    wrong moment, and the file that was closed last is gone. One that is whole is noted again as waiting for its upload. One with
    holes is only what was changed of a large one; nobody can tell any more where its holes begin, so it is kept beside the cache.
    """
    known = config["pending"]
    if not known:
        return
    cache, kept = (os.path.join(os.path.dirname(known), name) for name in ("vfs", "kept"))
    for folder, _folders, files in os.walk(cache):
        for file in files:
            path = os.path.join(folder, file)
            name = os.path.relpath(path, cache)
            found = os.stat(path)
            if not found.st_size or is_known(os.path.join(known, name)):
                continue
            if is_whole(path, found):
                note_dirty(os.path.join(known, name), found)
                print(f"{name} was in the cache, and a kill has left nothing that says so: it is uploaded.")
            else:
                os.makedirs(os.path.dirname(os.path.join(kept, name)), mode=0o700, exist_ok=True)
                os.replace(path, os.path.join(kept, name))
                print(f"{name} was being changed in the cache when it was killed: what there is of it is in {kept}.")


def is_known(metadata):
    try:
        with open(metadata, encoding="utf-8") as text:
            json.load(text)
    except (OSError, ValueError):
        return False
    return True


def note_dirty(metadata, found):
    """Write what rclone writes of a file that is whole in its cache and not yet uploaded."""
    whole, rest = divmod(found.st_mtime_ns, 10**9)
    when = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest:09d}Z"
    facts = {"ModTime": when, "ATime": when, "Size": found.st_size, "Rs": [{"Pos": 0, "Size": found.st_size}]}
    os.makedirs(os.path.dirname(metadata), mode=0o700, exist_ok=True)
    with open(f"{metadata}.new", "w", encoding="utf-8") as out:
        json.dump({**facts, "Fingerprint": "", "Dirty": True}, out)
    os.chmod(f"{metadata}.new", 0o600)
    os.replace(f"{metadata}.new", metadata)


def is_whole(path, found):
    """Whether all of a file was written, and nothing was left out."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.lseek(descriptor, 0, os.SEEK_HOLE) >= found.st_size and found.st_blocks * 512 >= found.st_size
    finally:
        os.close(descriptor)


def immutable_or_not(path, value):
    """The same, where it does not matter if the filesystem knows no such flag."""
    with contextlib.suppress(OSError):
        immutable(path, value)


def ready(name):
    config, end = started(name), time.monotonic() + load(name)["start_timeout"]
    path, said, main = config["path"], "it is not mounted", os.environ.get("MAINPID", "")
    while time.monotonic() < end:
        if main and not os.path.exists(f"/proc/{main}"):
            raise Refused(f"Could not mount {config['source']} at {path}: the process has ended. It says why above.")
        found = mounted(path)
        if is_ours(found, config):
            code = ask(path, config["check_timeout"])
            if code == 0:
                make_note(name, "up", "")
                resume(name)
                return
            said = "it does not answer" if code is None else f"it answers {os.strerror(code)}"
        elif found:
            said = f"it is a mount of {found[1]} ({found[0]})"
        time.sleep(0.1)
    raise Refused(f"Could not mount {config['source']} at {path} within {config['start_timeout']} s: {said}.")


def drain(name):
    config = started(name)
    if os.environ.get("MAINPID"):
        # Without, the program has ended by itself, or by somebody else, perhaps with a good status.
        forget_note(name, "up")
    path, end, told = config["path"], time.monotonic() + config["stop_timeout"], ""
    while is_ours(mounted(path), config):
        waiting = pending(config)
        code = unmount(path, 10) if not waiting else errno.EBUSY
        said = f"{waiting} files wait for their upload" if waiting else f"it is in use by {holders(path) or 'somebody'}"
        if code == 0:
            print(f"{path} is unmounted, and nothing waits for its upload." if not pending(config) else f"{path} is unmounted.")
            return
        if code is None or time.monotonic() > end:
            why = "it does not answer" if code is None else said
            raise Refused(f"Could not unmount {path} within {config['stop_timeout']} s: {why}. It is unmounted lazily.")
        if said != told:
            print(f"Waiting to unmount {path}: {said}.")
            told = said
        time.sleep(0.2)


def pending(config):
    """How many files the backend has taken and not yet uploaded."""
    return cached(config)[1]


def cached(config):
    """How many files the cache has something of, how many of these wait for their upload, and the bytes that it has of them."""
    files = waiting = size = 0
    for folder, _folders, names in os.walk(config["pending"]) if config["pending"] else ():
        for file in names:
            try:
                with open(os.path.join(folder, file), encoding="utf-8") as metadata:
                    known = json.load(metadata)
            except (OSError, ValueError):
                # It is being replaced, or is gone, which is to say that it changes; who waits looks again.
                continue
            files += 1
            waiting += bool(known.get("Dirty"))
            size += sum(part["Size"] for part in known.get("Rs") or ())
    return files, waiting, size


def holders(path):
    """Processes that have something open below the path."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        links = [f"/proc/{pid}/cwd", f"/proc/{pid}/root"]
        try:
            links += [f"/proc/{pid}/fd/{one}" for one in os.listdir(f"/proc/{pid}/fd")]
            if any(f"{os.readlink(link)}/".startswith(f"{path}/") for link in links):
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    found.append(f"{file.read().strip()} ({pid})")
        except OSError:
            continue
    return ", ".join(found[:5])


def leave(name):
    config = started(name)
    path, result = config["path"], os.environ.get("SERVICE_RESULT", "success")
    died = forget_note(name, "up") or result != "success"
    running = stopped_with(name, config["services"]) if died else []
    if running:
        with open(note(name, "resume"), "a", encoding="utf-8") as file:
            file.writelines(f"{one}\n" for one in running)
    if is_ours(mounted(path), config):
        code = unmount(path, 10, lazily=True)
        print(f"{path} was left mounted ({result}); it is unmounted lazily{'' if code == 0 else ', in vain'}.")
    waiting = pending(config)
    if waiting:
        print(f"{waiting} files are only in the cache ({config['pending']}) and are uploaded after the next start.")
    if died:
        print(f"Mount {name} died ({result}): {count(name, 'deaths')} times since the host started.")


def stopped_with(name, services):
    """The services that ran, or were about to start, when the mount died; systemd is stopping them already.

    Since when it does so, which is when a program that ends in good order says that it will, and before it has ended.
    """
    died = int(shown(f"mediastore-mount-{name}.service", "ActiveExitTimestampMonotonic") or 0)
    jobs = [line.split() for line in systemctl("list-jobs", "--no-legend", "--plain").stdout.splitlines()]
    found = {job[1] for job in jobs if len(job) > 2 and job[2] in ("start", "restart")}
    for unit in services:
        if (
            shown(unit, "ActiveState") in ("active", "deactivating")
            or int(shown(unit, "ActiveExitTimestampMonotonic") or 0) >= died
        ):
            found.add(unit)
    return [unit for unit in services if unit in found]


def shown(unit, value):
    return systemctl("show", f"--property={value}", "--value", unit).stdout.strip()


def resume(name):
    """Start the services that were stopped because the mount died, and only these."""
    file = note(name, "resume")
    try:
        with open(file, encoding="utf-8") as lines:
            units = sorted({line.strip() for line in lines})
    except FileNotFoundError:
        return
    os.unlink(file)
    # They wait for this unit, so this one cannot wait for them.
    systemctl("start", "--no-block", *units)
    print(f"Back again: {', '.join(units)}")


def watch(name, folder=""):
    """FOLDER is where the monitoring reads of the mount, if it does."""
    config, unit = started(name), f"mediastore-mount-{name}.service"
    active = systemctl("is-active", "--quiet", unit).returncode == 0
    path = config["path"]
    code = ask(path, config["check_timeout"]) if active and is_ours(mounted(path), config) else errno.ENOTCONN
    if folder:
        tell(os.path.join(folder, f"mediastore_mount_{name}.prom"), name, config, code == 0)
    if code == 0 or not active:
        return
    if code is not None and code not in GONE:
        # It answers, and it is the store that does not; to mount it again would change nothing.
        print(f"Mount {name} answers, but with an error: {os.strerror(code)}. See journalctl -u {unit}")
        return
    said = f"gave no answer within {config['check_timeout']} s" if code is None else "is dead"
    print(f"Mount {name} {said}: killed, to be mounted again; {count(name, 'cuts')} times since the host started.")
    # Not what systemd runs for it meanwhile: should it be dead by now, that notes who has to come back.
    systemctl("kill", "--signal=KILL", "--kill-who=main", unit)


def tell(file, name, config, up):
    """Write what node_exporter's textfile collector reads of a mount."""
    labels = f'{{name="{name}",path="{config["path"]}"}}'
    files, waiting, size = cached(config)
    numbers = [
        ("up", "Whether it is mounted and answers.", int(up)),
        ("last_check_timestamp_seconds", "When that was looked at.", f"{time.time():.0f}"),
        ("deaths", "How often it has died since the host started.", counted(name, "deaths")),
        ("cuts", "How often it was killed because it did not answer, since the host started.", counted(name, "cuts")),
    ]
    if config["pending"]:
        numbers += [
            ("pending_files", "Files that are only in the cache and wait for their upload.", waiting),
            ("cached_files", "Files of which the cache has something.", files),
            ("cached_bytes", "Bytes that the cache has of them.", size),
        ]
    lines = []
    for metric, meaning, value in numbers:
        full = f"mediastore_mount_{metric}"
        lines += [f"# HELP {full} {meaning}", f"# TYPE {full} gauge", f"{full}{labels} {value}"]
    with open(f"{file}.new", "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    os.chmod(f"{file}.new", 0o644)
    os.replace(f"{file}.new", file)


def count(name, what):
    """How often that has happened, this time included."""
    number = counted(name, what) + 1
    make_note(name, what, str(number))
    return number


def counted(name, what):
    try:
        with open(note(name, what), encoding="utf-8") as text:
            return int(text.read())
    except (FileNotFoundError, ValueError):
        return 0


def systemctl(*words):
    return subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)


def look(path, name, program, home, cache, *services):
    """HOME is where the program can be downloaded, if it can be installed in no other way; CACHE may be empty."""
    deployed = load(name)
    problems = [said for said in [obstacle(path, deployed), no_room(cache)] if said]
    for unit in services:
        if shown(unit, "LoadState") != "loaded":
            problems.append(f"There is no unit {unit} on the host. Install it first, or take it out of services.")
    found = shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/bin")
    if not found and "/" in program:
        problems.append(f"{program} is not a program on the host. Correct binary.path, or say binary.url or binary.src.")
    elif not found and home:
        problems.append(
            f"{program} is neither on the host nor in its distribution. Say where it comes from: binary.url with binary.checksum "
            f"(there are releases at {home}), binary.src or binary.path."
        )
    if not os.path.exists("/dev/fuse"):
        problems.append("There is no /dev/fuse: the kernel lacks FUSE (modprobe fuse), or this container may not use it.")
    seen = {"program": found, "mounted": is_ours(mounted(path), deployed)}
    seen["proved"] = os.path.exists(os.path.join(RUN, name, "proved"))
    print(json.dumps({"problems": [f"Mount {name}: {said}" for said in problems], **seen}))


def no_room(cache):
    """That the cache would have no room where it is to be, in a sentence; nothing if it has, or if there is none."""
    place = cache or "/"
    while not os.path.exists(place):
        place = os.path.dirname(place)
    numbers = os.statvfs(place)
    left = numbers.f_bavail * numbers.f_frsize
    if not cache or left >= CACHE_LEAST:
        return ""
    return (
        f"The filesystem of its cache, {cache}, has {left >> 20} MiB left, and an upload waits there. "
        "Make room, or choose another place with cache.path."
    )


def free(path, owner, group, mode):
    """Make an ordinary directory of a path that was protected, and touch no other: it may be one with media in it."""
    if mounted(path):
        raise Refused(f"Could not free {path}: it is still mounted.")
    if os.path.isdir(path) and not stat.S_IMODE(os.stat(path).st_mode):
        immutable_or_not(path, False)
        os.chown(path, owner, group)
        os.chmod(path, mode)


def forget(name, owner, group, mode):
    config = load(name)
    waiting = pending(config)
    if waiting:
        raise Refused(
            f"Could not remove mount {name}: {waiting} files are only in its cache, {config['pending']}. Start "
            f"mediastore-mount-{name}.service, wait until journalctl says that nothing waits, and run this again."
        )
    for path in (started(name)["path"], config["path"]):
        free(path, int(owner), int(group), int(mode, 8))
    shutil.rmtree(os.path.join(RUN, name), ignore_errors=True)
    shutil.rmtree(os.path.join(CACHES, name), ignore_errors=True)


def main():
    verbs = {verb.__name__: verb for verb in (clear, ready, drain, leave, watch, look, forget)}
    try:
        verbs[sys.argv[1]](*sys.argv[2:])
    except Refused as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
