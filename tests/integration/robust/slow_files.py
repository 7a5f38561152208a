# SPDX-License-Identifier: Apache-2.0
"""A file system that does not answer keeps nobody waiting but who asked for its file."""
from typing import Any

from harness import Case, Daemon, QmpError, check, equal
from harness.case import Gate


def test(case: Case) -> None:
    gate = case.gate()
    others_are_served(case, gate)
    first_come(case, gate)
    one_id_one_file(case, gate)
    quit_at_once(case, gate)


def node(name: str, path: object) -> dict[str, Any]:
    return {"driver": "file", "node-name": name, "filename": str(path)}


def log(ident: str, path: object) -> dict[str, Any]:
    return {"id": ident, "backend": {"type": "file", "data": {"out": str(path)}}}


def opening(daemon: Daemon) -> int:
    return list(daemon.threads().values()).count("blocking call")


def others_are_served(case: Case, gate: Gate) -> None:
    daemon = case.start(env=gate.env)
    slow, quick = case.image("slow.img", 1), case.image("quick.img", 1)
    with daemon.qmp() as image, daemon.qmp() as chardev, daemon.qmp() as other:
        requests = (image.send("blockdev-add", node("slow", slow)),
                    chardev.send("chardev-add", log("slow", case.path("slow.log"))))
        daemon.until(lambda: opening(daemon) == 2, "two files that are being opened")
        other.execute("query-version")
        other.execute("blockdev-add", node("quick", quick))
        equal([entry["node-name"] for entry in other.execute("query-named-block-nodes")], ["quick"], "nodes")
        check(not image.has_reply() and not chardev.has_reply(), "a file was open before it was opened")
        with gate.open():
            equal((image.reply(requests[0]), chardev.reply(requests[1])), ({}, {}), "the answers")
            daemon.until(lambda: opening(daemon) == 0, "the end of the threads")
        for name in ("slow", "quick"):
            other.execute("blockdev-del", {"node-name": name})
    daemon.finish()


def first_come(case: Case, gate: Gate) -> None:
    """The name is that node's which is open first; the other's image is closed and unlocked again."""
    daemon = case.start(env=gate.env)
    slow = case.image("slow.img", 1)
    with daemon.qmp() as late, daemon.qmp() as other:
        request = late.send("blockdev-add", node("n", slow))
        daemon.until(lambda: opening(daemon) == 1, "a file that is being opened")
        other.execute("blockdev-add", {"driver": "null-co", "node-name": "n"})
        with gate.open():
            try:
                late.reply(request)
                check(False, "two nodes have one name")
            except QmpError as error:
                equal(error.desc, "Duplicate nodes with node-name='n'", "the second one")
        equal([entry["drv"] for entry in other.execute("query-named-block-nodes")], ["null-co"], "nodes")
        check(str(slow) not in daemon.fds(), "the image is still open")
        other.execute("blockdev-del", {"node-name": "n"})
    daemon.finish()


def one_id_one_file(case: Case, gate: Gate) -> None:
    """A chardev's id is taken while its file is being opened: what is refused empties no file."""
    daemon = case.start(env=gate.env)
    precious = case.path("precious.log")
    precious.write_text("precious")
    with daemon.qmp() as first, daemon.qmp() as second:
        request = first.send("chardev-add", log("c", case.path("slow.log")))
        daemon.until(lambda: opening(daemon) == 1, "a file that is being opened")
        second.refused("chardev-add", log("c", precious), text="Chardev with id 'c' already exists")
        with gate.open():
            equal(first.reply(request), {}, "the answer")
    equal(precious.read_text(), "precious", "the other file")
    daemon.finish()


def quit_at_once(case: Case, gate: Gate) -> None:
    """A file that is being opened when the program ends is not waited for: the gate stays closed."""
    daemon = case.start(env=gate.env)
    slow = case.image("slow.img", 1)
    with daemon.qmp() as waits, daemon.qmp() as other:
        waits.send("blockdev-add", node("n", slow))
        daemon.until(lambda: opening(daemon) == 1, "a file that is being opened")
        other.execute("quit")
        daemon.expect_exit()
