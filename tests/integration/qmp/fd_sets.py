# SPDX-License-Identifier: Apache-2.0
"""A descriptor of an fd set has one user at a time: nobody else changes its locks, its flags or its file."""
import fcntl
import os
import struct
from pathlib import Path
from typing import Any

from harness import Case, QmpClient, check, equal
from harness.fds import execute_with, opened

WRITABLE_EXPORT = {100, 101, 203} # reads, writes, and lets nobody resize


def test(case: Case) -> None:
    case.need("qemu-io")
    daemon = case.start()
    image = case.image("image", 1)
    with daemon.qmp() as qmp:
        used_by_an_export(case, qmp, image)
        a_descriptor_for_each(case, qmp, image)
        refused(qmp, image)
    with daemon.qmp() as qmp, opened(image, os.O_RDWR) as fd:
        execute_with(qmp, [fd], "add-fd", {"fdset-id": 1})
        add_node(qmp, "n0")
    daemon.until(lambda: sets_of_next_client(daemon.qmp()) == {1: 1}, "the set that is used")
    with daemon.qmp() as qmp:
        qmp.execute("blockdev-del", {"node-name": "n0"})
        equal(set_sizes(qmp), {1: 1}, "the set without its user")
    daemon.until(lambda: sets_of_next_client(daemon.qmp()) == {}, "no set after its user and the last client")


def set_sizes(qmp: QmpClient) -> dict[int, int]:
    return {info["fdset-id"]: len(info["fds"]) for info in qmp.execute("query-fdsets")}


def sets_of_next_client(qmp: QmpClient) -> dict[int, int]:
    with qmp:
        return set_sizes(qmp)


def add_node(qmp: QmpClient, name: str) -> None:
    qmp.execute("blockdev-add", {"driver": "file", "node-name": name, "filename": "/dev/fdset/1"})


def refusal(qmp: QmpClient, number: int = 1, direct: bool = False) -> str:
    return qmp.refused("blockdev-add", {"driver": "file", "node-name": "late", "filename": f"/dev/fdset/{number}",
                                        "cache": {"direct": direct}})


def writer(append: bool) -> dict[str, Any]:
    """Arguments of chardev-add."""
    return {"id": "late", "backend": {"type": "file", "data": {"out": "/dev/fdset/1", "append": append}}}


def lock(kind: int, byte: int) -> bytes:
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)


def flags(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_GETFL)


def locked_bytes(image: Path) -> set[int]:
    """As another program sees them: 100+b for a permission held, 200+b for one that nobody else may hold."""
    with opened(image, os.O_RDWR) as fd:
        found = set()
        for byte in (*range(100, 104), *range(200, 204)):
            seen = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, lock(fcntl.F_WRLCK, byte))
            if struct.unpack_from("h", seen) != (fcntl.F_UNLCK,):
                found.add(byte)
        return found


def used_by_an_export(case: Case, qmp: QmpClient, image: Path) -> None:
    """What is opened later gets nothing, and takes nothing away."""
    with opened(image, os.O_RDWR) as fd:
        for number in (1, 1, 2): # the same one again does not help
            execute_with(qmp, [fd], "add-fd", {"fdset-id": number})
        export = case.serve(qmp, Path("/dev/fdset/1"), iothread=None)
        equal(locked_bytes(image), WRITABLE_EXPORT, "locks")
        before = flags(fd)
        for number, direct in ((1, False), (1, True), (2, True)):
            equal(refusal(qmp, number, direct),
                  f"Could not dup FD for /dev/fdset/{number} flags {'4002' if direct else '2'}: "
                  "Device or resource busy", "a second node")
        for append in (False, True):
            qmp.refused("chardev-add", writer(append), text="Could not open '/dev/fdset/1': Device or resource busy")
        equal(flags(fd), before, "flags")
        equal(image.stat().st_size, 1 << 20, "size")
    case.run("qemu-io", "-f", "raw", "-c", "write -P 5 4096 512", "-c", "read -P 5 4096 512", "-c", "read 1 100",
             export.uri)
    equal(image.read_bytes()[4096:4608], b"\x05" * 512, "what was written")
    equal(locked_bytes(image), WRITABLE_EXPORT, "locks afterwards")
    qmp.execute("nbd-server-stop")
    qmp.execute("blockdev-del", {"node-name": "n0"})
    equal(locked_bytes(image), set(), "locks at the end")
    for number in (1, 2):
        qmp.execute("remove-fd", {"fdset-id": number})


def a_descriptor_for_each(case: Case, qmp: QmpClient, image: Path) -> None:
    """Nodes on descriptors of their own are protected from each other, and one leaves the other its locks."""
    for _ in range(2):
        with opened(image, os.O_RDWR) as fd:
            execute_with(qmp, [fd], "add-fd", {"fdset-id": 1})
    case.serve(qmp, Path("/dev/fdset/1"), iothread=None)
    add_node(qmp, "n1")
    export = {"type": "nbd", "id": "e1", "node-name": "n1", "writable": True}
    qmp.execute("block-export-add", export)
    qmp.execute("block-export-del", {"id": "e1", "mode": "hard"})
    qmp.execute("blockdev-del", {"node-name": "n1"})
    equal(locked_bytes(image), WRITABLE_EXPORT, "locks afterwards")
    qmp.execute("nbd-server-stop")
    qmp.execute("blockdev-del", {"node-name": "n0"})
    equal(locked_bytes(image), set(), "locks at the end")
    qmp.execute("remove-fd", {"fdset-id": 1})


def refused(qmp: QmpClient, image: Path) -> None:
    """A lock conflict leaves the sender's flags alone; so does the end of a user."""
    with opened(image, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK) as fd, opened(image, os.O_RDWR) as other:
        before = flags(fd)
        execute_with(qmp, [fd], "add-fd", {"fdset-id": 1})
        fcntl.fcntl(other, fcntl.F_OFD_SETLK, lock(fcntl.F_WRLCK, 200))
        equal(refusal(qmp, direct=True), 'Failed to get "consistent read" lock', "locked by another program")
        equal(flags(fd), before, "flags after what was refused")
        fcntl.fcntl(other, fcntl.F_OFD_SETLK, lock(fcntl.F_UNLCK, 200))
        qmp.execute("chardev-add", writer(append=True))
        qmp.execute("chardev-remove", {"id": "late"})
        add_node(qmp, "n0")
        check(flags(fd) & os.O_APPEND == 0, "a node appends")
        qmp.execute("blockdev-del", {"node-name": "n0"})
        equal(flags(fd), before, "flags without a user")
    equal(image.stat().st_size, 1 << 20, "size")
    qmp.execute("remove-fd", {"fdset-id": 1})
