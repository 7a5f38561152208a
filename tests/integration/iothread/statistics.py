# SPDX-License-Identifier: Apache-2.0
"""query-iothread-stats: what a loop did is counted, and what it fell back to is named."""
import time
from typing import Any

from harness import Case, NbdConnection, QmpClient, check, equal

READS = 300


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp(enable=("oob",)) as qmp:
        equal(qmp.execute("query-iothread-stats"), [], "without IOThreads")
        export = case.serve(qmp, case.image("disk.img", 1), iothread="io0")
        case.add_iothread(qmp, "io1", poll_max_ns=0)
        before = statistics(qmp)
        equal(list(before), ["io0", "io1"], "IOThreads, in the order of their creation")
        equal({info["thread-id"] for info in before.values()},
              {info["thread-id"] for info in qmp.execute("query-iothreads")}, "threads")
        monitor(case, before)
        with NbdConnection(export.address).go("disk") as client:
            for number in range(READS):
                client.read(number * 512, 512)
                if number % 100 == 0:
                    time.sleep(.05) # so that the loop sleeps, too
        after = statistics(qmp)
        counts(before["io0"], after["io0"])
        served(after["io0"]["holders"], "e0")
        changing = ("cpu-ns", "passes", "blocks", "enters", "running-ns", "wake-histogram") # it may still be starting
        idle = {key: value for key, value in after["io1"].items() if key not in changing}
        equal(idle, {key: before["io1"][key] for key in idle}, "what an IOThread does that nobody uses")
        equal(after["io1"]["polling"], dict.fromkeys(after["io1"]["polling"], 0), "polling with poll-max-ns=0")
        shown(qmp, after)
        request = qmp.send("query-iothread-stats", how="exec-oob")
        equal([info["id"] for info in qmp.reply(request)], ["io0", "io1"], "out of band")


def statistics(qmp: QmpClient) -> dict[str, dict[str, Any]]:
    return {info["id"]: info for info in qmp.execute("query-iothread-stats")}


def monitor(case: Case, found: dict[str, dict[str, Any]]) -> None:
    for info in found.values():
        by_choice = case.settings.engine == "epoll"
        equal(info["fd-monitor"], "io_uring" if case.has_io_uring and not by_choice else "epoll", "fd-monitor")
        reason = info.get("fallback-reason", "")
        check(reason.startswith("Failed to initialize io_uring: ") if not case.has_io_uring else reason == "",
              f"the reason for {info['fd-monitor']}: {reason!r}")


def counts(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Every request has its share."""
    check(after["cpu-ns"] > before["cpu-ns"], f"processor time: {after}")
    check(after["passes"] - before["passes"] >= READS, f"passes: {after}")
    polling, blocks = after["polling"], after["blocks"]
    check(blocks["count"] > before["blocks"]["count"] and blocks["ns"] > before["blocks"]["ns"], f"sleep: {after}")
    check(0 < blocks["cost-cpu-ns"] <= 20_000 and 0 < blocks["cost-latency-ns"] <= 50_000, f"its price: {after}")
    check(polling["rounds"] >= polling["hits"] + polling["misses"] > 0, f"polling: {after}")
    check((polling["wasted-ns"] > 0) == (polling["misses"] > 0), f"waste: {after}")
    check(sum(after["gap-histogram"]) >= READS and len(after["gap-histogram"]) <= 36, f"gaps: {after}")
    check(after["gap-histogram"][-1] > 0, f"zeros at the end: {after}")


def served(holders: list[dict[str, Any]], export: str) -> None:
    """What the export had from its IOThread."""
    equal([info["holder"] for info in holders], [{"type": "block-export", "export-name": export}], "holders")
    info = holders[0]
    equal((info["requests"], info["bytes"]), (READS, READS * 512), "requests and bytes")
    check(info["callbacks"] >= READS and info["run-ns"] >= info["longest-run-ns"] > 0, f"its callbacks: {info}")
    check(info["hits"] + info["wakes"] > 0 and sum(info["gap-histogram"]) >= READS, f"waits for it: {info}")


def shown(qmp: QmpClient, found: dict[str, dict[str, Any]]) -> None:
    """The human monitor shows all of it."""
    text = qmp.execute("human-monitor-command", {"command-line": "info iothreads -v"})
    for info in found.values():
        for key, value in info.items():
            for name in [f"{key}.{inner}" for inner in value] if isinstance(value, dict) else [key]:
                check(f"  {name}=" in text or key in ("id", "thread-id"), f"info iothreads -v lacks {name}:\n{text}")
    plain = qmp.execute("human-monitor-command", {"command-line": "info iothreads"})
    check("polling." not in plain, f"info iothreads shows more than it was asked for:\n{plain}")
    refused = qmp.execute("human-monitor-command", {"command-line": "info iothreads -x"})
    equal(refused.strip(), "Error: unsupported option '-x'", "an option that there is not")
