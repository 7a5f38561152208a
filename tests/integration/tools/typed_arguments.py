# SPDX-License-Identifier: Apache-2.0
"""qmp-shell against the real schema: numbers, booleans, unions, lists and alternates arrive as what they are."""
from harness import Case, check, equal, tools


def test(case: Case) -> None:
    daemon = case.start()
    assert daemon.monitor is not None
    image = case.image("1", 1)
    tools.shell(case, daemon.monitor,
                "object-add id=io0 qom-type=iothread poll-max-ns=0x10 fd-monitor=epoll",
                "object-add qom-type=iothread id=io1",
                f"blockdev-add driver=file node-name=n0 filename={image} cache.direct=off read-only=false",
                "blockdev-add driver=null-co node-name=n1 size=1048576 read-zeroes=on",
                f"nbd-server-start addr.type=unix addr.data.path='{case.path('a b.sock')}' max-connections=5",
                "block-export-add type=nbd id=e0 node-name=n0 iothread.0=io0 iothread.1=io1 writable=true name=5",
                'block-export-add type=nbd id=e1 node-name=n1 iothread=["io1"] name="one word"',
                "block-export-add type=nbd id=e2 node-name=n1 iothread=io0 name=null",
                "x-blockdev-set-iothread node-name=n1 iothread=null force=on")
    with daemon.qmp() as qmp:
        exports = {export["id"]: export for export in qmp.execute("query-block-exports")}
        equal([exports[name]["iothreads"] for name in ("e0", "e1", "e2")], [["io0", "io1"], ["io1"], ["io0"]],
              "threads of the exports")
        equal(qmp.execute("qom-get", {"path": "io0", "property": "poll-max-ns"}), 16, "an integer with 0x")
        server = qmp.execute("query-nbd-server")
        equal((server["max-connections"], server["addresses"][0]["path"]), (5, str(case.path("a b.sock"))),
              "the NBD server's limit and path")
        check(qmp.execute("query-named-block-nodes"), "no nodes")
        tools.shell(case, daemon.monitor, "qom-set path=io0 property=poll-max-ns value=0",
                    "nbd-server-stop", "blockdev-del node-name=n0")
        equal(qmp.execute("qom-get", {"path": "io0", "property": "poll-max-ns"}), 0, "a value of any type")
        text = tools.shell(case, daemon.monitor, "human-monitor-command command-line='info iothreads'")
        check("poll-max-ns=0" in tools.values(text)[0], "a string with a blank in it")
        urgent = [entry["name"] for entry in qmp.execute("query-qmp-schema") if entry.get("allow-oob")]
        if "query-iothreads" in urgent:
            threads = tools.values(tools.shell(case, daemon.monitor, "-o query-iothreads"))[0]
            equal([thread["id"] for thread in threads], ["io0", "io1"], "threads, asked for out of band")
        for out_of_band in ("-o query-version", "exec-oob: query-version", '{"exec-oob": "query-version"}'):
            offered = "oob" in qmp.greeting["QMP"]["capabilities"]
            done = tools.shell(case, daemon.monitor, out_of_band, status=1 if offered else 2)
            expected = "does not support OOB" if offered else "no out-of-band"
            check(expected in done.stderr, f"{out_of_band}: {done.stderr}")
