# SPDX-License-Identifier: Apache-2.0
"""Each option in both forms, key=value and JSON, gives the same daemon; prefixes and `--option=value` work too."""
import json
from typing import Any

from harness import Case, NbdConnection, QmpClient, equal


def forms(case: Case) -> dict[str, list[str]]:
    """The same set-up in different words."""
    disk, comma = str(case.image("disk.img", 1)), str(case.image("a,b.img", 1))
    nbd, qmp = str(case.path("nbd.sock")), str(case.path("qmp.sock"))
    keyval = ["--object", "iothread,id=io0,poll-max-ns=0x1000,thread-pool-max=020,",
              "--object", "qom-type=iothread,id=io1",
              "--blockdev", f"file,node-name=f0,filename={disk},cache.no-flush=yes,aio=threads,read-only=off",
              "--blockdev", f"driver=file,node-name=f1,filename={comma.replace(',', ',,')},read-only=on",
              "--nbd-server", f"addr.type=unix,addr.path={nbd},max-connections=9",
              "--export", "nbd,id=e0,node-name=f0,name=disk,writable=on,iothread=io0",
              "--export", "type=nbd,id=e1,node-name=f1,iothread.0=io0,iothread.1=io1,description=two,, threads",
              "--chardev", f"socket,id=c,path={qmp},server=on,wait=off", "--monitor", "c"]
    objects: list[tuple[str, dict[str, Any]]] = [
        ("--object", {"qom-type": "iothread", "id": "io0", "poll-max-ns": 4096, "thread-pool-max": 16}),
        ("--object", {"qom-type": "iothread", "id": "io1"}),
        (
            "--blockdev",
            {"driver": "file", "node-name": "f0", "filename": disk, "cache": {"no-flush": True}, "aio": "threads"}
        ),
        ("--blockdev", {"driver": "file", "node-name": "f1", "filename": comma, "read-only": True}),
        ("--nbd-server", {"addr": {"type": "unix", "path": nbd}, "max-connections": 9}),
        (
            "--export",
            {"type": "nbd", "id": "e0", "node-name": "f0", "name": "disk", "writable": True, "iothread": "io0"}
        ),
        (
            "--export",
            {"type": "nbd", "id": "e1", "node-name": "f1", "iothread": ["io0", "io1"], "description": "two, threads"}
        ),
        ("--chardev", {"backend": "socket", "id": "c", "path": qmp, "server": True}),
        ("--monitor", {"chardev": "c", "mode": "control"})]
    as_json = [word for option, value in objects for word in (option, json.dumps(value))]
    prefixes = {"--object": "--obj", "--blockdev": "--bl", "--nbd-server": "--nbd", "--export": "--e",
                "--chardev": "--ch", "--monitor": "--moni"}
    pairs = zip(keyval[::2], keyval[1::2])
    return {"key=value": keyval, "JSON": as_json, "joined": [f"{option}={value}" for option, value in pairs],
            "prefixes": [prefixes.get(word, word) for word in keyval]}


def test(case: Case) -> None:
    answers = {}
    for name, options in forms(case).items():
        daemon = case.start_plain(*options, monitor=case.path("qmp.sock"))
        with daemon.qmp() as qmp:
            answers[name] = describe(qmp)
        with NbdConnection(str(case.path("nbd.sock"))).go("disk") as client:
            equal(client.read(0, 512), bytes(512), "data")
            client.disconnect()
        daemon.remove_everything()
        daemon.finish()
    first = answers["key=value"]
    equal(first["io0"], {"poll-max-ns": 4096, "thread-pool-max": 16}, "io0")
    equal(first["holders"], {"io0": ["e1", "e0"], "io1": ["e1"]}, "holders")
    equal(first["server"]["max-connections"], 9, "max-connections")
    equal([(node["node-name"], node["ro"], node["cache"]["no-flush"]) for node in first["nodes"]],
          [("f1", True, False), ("f0", False, True)], "nodes")
    for name, answer in answers.items():
        equal(answer, first, f"the daemon started with {name}")


def describe(qmp: QmpClient) -> dict[str, Any]:
    threads = qmp.execute("query-iothreads")
    return {
        "holders": {thread["id"]: [holder["export-name"] for holder in thread["holders"]] for thread in threads},
        "io0": {name: qmp.execute("qom-get", {"path": "io0", "property": name})
                for name in ("poll-max-ns", "thread-pool-max")},
        "nodes": qmp.execute("query-named-block-nodes"), "exports": qmp.execute("query-block-exports"),
        "server": qmp.execute("query-nbd-server")}
