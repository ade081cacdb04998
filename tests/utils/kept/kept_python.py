# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a Python that has loaded what modules load, for sitecustomize.py in the process of a module that Ansible runs.

Most of the processor time of a module that asks a store one thing goes into loading the standard library and botocore. So the
module goes on in a process that is forked from one where both are loaded, and what Ansible has for modules, but nothing of this
collection. The process that was to run it waits meanwhile, and whoever kills it kills the module.

There is one such Python for all that a process inherits: another interpreter, path, user, container or limit is another one.
It ends when nobody has asked for a minute; whenever there is none, or it does not answer, a module runs as it always does.
"""

from __future__ import annotations

import _blake2
import _socket
import marshal
import os
import resource
import sys
from types import CodeType

#: seconds without a module after which it ends
IDLE_S = 60
#: the namespaces that are not what they seem from another one
NAMESPACES = ("mnt", "net", "pid", "user")
#: what the modules of Ansible and of this collection import from elsewhere
LOADED = """
    argparse ast asyncio base64 concurrent.futures.process concurrent.futures.thread configparser dataclasses datetime
    email.mime.multipart email.utils fcntl fnmatch glob grp gzip hashlib hmac http.client http.cookiejar importlib.util ipaddress
    json locale logging multiprocessing platform pwd queue random re runpy selectors shlex shutil socket sqlite3 ssl subprocess
    syslog tempfile threading traceback typing urllib.request uuid xml.etree.ElementTree zipfile
    botocore.client botocore.handlers botocore.httpsession botocore.paginate botocore.parsers botocore.retries.standard
    botocore.session botocore.signers botocore.waiter boto3
    ansible.module_utils.basic ansible.module_utils.common.dict_transformations ansible.module_utils.urls
"""
F_SETSIG = 10
#: the longest name of a socket, less what is added to it at first
LONGEST = 107 - len(".1234567")


def place(kept: str) -> str:
    """The socket of the Python for this process: named by all that a fork inherits and nobody can hand over."""
    # where something may be installed meanwhile, that is another Python
    packages = [(path, path.endswith("-packages") and os.stat(path).st_mtime_ns) for path in sys.path]
    here = [os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES]
    limits = [resource.getrlimit(number) for number in range(resource.RLIMIT_NICE + 1)]
    user = (os.geteuid(), os.getegid(), os.getgroups(), os.getpriority(os.PRIO_PROCESS, 0), os.stat("/").st_ino)
    language = [os.environ.get(name) for name in ("LANG", "LC_ALL", "LC_CTYPE", "TZ")]
    text = repr((sys.executable, packages, here, limits, user, language))
    return f"{kept}/pythons/{_blake2.blake2b(text.encode(), digest_size=12).hexdigest()}"


def go_on(kept: str) -> None:
    """End as the module ended that runs instead of this process; return when it is to run here."""
    path = place(kept)
    if len(path) > LONGEST:
        return
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC)
    try:
        line.connect(path)
    except OSError:
        start(path)
        return
    umask = os.umask(0o077)
    os.umask(umask)
    said = marshal.dumps((os.getcwd(), dict(os.environ), umask, sys.orig_argv))
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
    try:
        line.sendmsg([said], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
        if not line.recv(1):
            return  # it ended, and has begun nothing
    except OSError:
        return
    status = line.recv(1)
    os._exit(status[0] if status else 137)


def start(path: str) -> None:
    """Have one for the next process; this one does not wait for it."""
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.closerange(3, 1024)
    os.execv(sys.executable, [sys.executable, "-c", f"import kept_python; exec(kept_python.serve({path!r}))"])


def serve(path: str) -> CodeType | str:
    """Wait for processes to run for; returns in each fork, with what it has to run, and at the end with nothing."""
    import fcntl
    import gc
    import select
    import signal

    os.makedirs(os.path.dirname(path), exist_ok=True)
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return ""  # there is one, or soon
    load()
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC)
    unfinished = f"{path}.{os.getpid()}"
    line.bind(unfinished)
    line.listen(64)
    os.replace(unfinished, path)
    os.chdir("/")
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while select.select([line], [], [], IDLE_S)[0]:
        asking = _socket.socket(fileno=line._accept()[0])
        said, passed, _flags, _address = asking.recvmsg(1 << 20, _socket.CMSG_SPACE(12))
        streams = [int.from_bytes(passed[0][2][at : at + 4], sys.byteorder) for at in (0, 4, 8)] if passed else []
        if streams and not os.fork():
            line.close()
            os.close(lock)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            module = os.fork()
            if not module:
                return become(asking, streams, *marshal.loads(said))
            asking.send(b"+")
            code = os.waitstatus_to_exitcode(os.waitpid(module, 0)[1])
            asking.send(bytes([code if code >= 0 else 128 - code]))
            os._exit(0)
        asking.close()
        for stream in streams:
            os.close(stream)
    return ""


def load() -> None:
    """Load what modules load, and what botocore reads of a service."""
    import importlib

    for name in LOADED.split():
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    if "botocore" not in sys.modules:
        return
    import botocore.session
    import kept_models  # noqa: F401  each client reads them

    key = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    botocore.session.Session().create_client("s3", region_name="us-east-1", **key)


def become(asking: _socket.socket, streams: list[int], directory: str, variables: dict, umask: int, words: list[str]) -> CodeType:
    """Be what asked, in all that it did not inherit; dies with it."""
    import fcntl
    import importlib
    import select
    import signal
    import time

    fcntl.fcntl(asking, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(asking, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(asking, fcntl.F_SETFL, os.O_ASYNC)
    if select.select([asking], [], [], 0)[0]:
        os._exit(1)  # it had died before: it says nothing more, so this is its end
    global line  # for as long as this process is there
    line = asking
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(variables)
    os.umask(umask)
    time.tzset()
    importlib.invalidate_caches()
    sys.orig_argv[:] = words
    sys.argv[:] = words[1:] or [""]
    if not words[1:]:
        return compile(sys.stdin.buffer.read(), "<stdin>", "exec")
    sys.path[0] = os.path.dirname(words[1])
    sys.modules["__main__"].__file__ = words[1]
    with open(words[1], "rb") as module:
        return compile(module.read(), words[1], "exec")
