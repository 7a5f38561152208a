# SPDX-License-Identifier: Apache-2.0
"""query-clients tells who is connected; client-disconnect ends a connection, one's own after the reply."""
import os
import time

from harness import Case, check, equal


def test(case: Case) -> None:
    daemon = case.start()
    first, second = daemon.qmp(enable=("oob",)), daemon.qmp()
    before = time.time()
    with daemon.qmp(negotiate=False):
        daemon.until(lambda: len(first.execute("query-clients")) == 3, "three clients")
        own, other, silent = first.execute("query-clients")
    equal([own["self"], other["self"], silent["self"]], [True, False, False], "who asks")
    check(own["id"] < other["id"] < silent["id"], "ids are in the order of the connections")
    for info in (own, other, silent):
        equal((info["pid"], info["uid"], info["gid"]), (os.getpid(), os.getuid(), os.getgid()), "credentials")
        equal(info["monitor"], "compat_monitor0", "monitor")
        check(before - 60 < info["since"]["seconds"] < time.time() + 1, f"since: {info['since']}")
        check(info["bytes-out"] > 100, f"bytes sent: {info}")
        equal(info["events-dropped"], 0, "events dropped")
    capabilities = [info.get("capabilities") for info in (own, other, silent)]
    equal(capabilities, [["oob"], [], None], "capabilities")
    equal((other["commands"], silent["commands"], silent["bytes-in"]), (1, 0, 0), "counters")

    first.refused("client-disconnect", {"id": 4711}, text="Client 4711 not found")
    equal(first.reply(first.send("client-disconnect", {"id": other["id"]}, how="exec-oob")), {}, "disconnected")
    equal(second.expect_closed(), [], "messages before the end")
    daemon.until(lambda: len(first.execute("query-clients")) == 1, "one client")
    first.execute("client-disconnect", {"id": own["id"]})
    equal(first.expect_closed(), [], "messages after the reply")
