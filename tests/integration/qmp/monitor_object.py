# SPDX-License-Identifier: Apache-2.0
"""A monitor is an object: it comes and goes, holds its IOThread, and is not deleted by its own client."""
from harness import Case, QmpClient, check, equal


def test(case: Case) -> None:
    socket = case.path("second.sock")
    daemon = case.start("--chardev", f"socket,id=second,path={socket},server=on")
    with daemon.qmp(enable=("oob",)) as qmp:
        case.add_iothread(qmp, "io0")
        qmp.refused("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "qmp"}, text="is already in use")
        for _ in range(3):
            qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "second", "iothread": "io0"})
            serve_and_delete(qmp, QmpClient(socket, enable=("oob",)))
        qmp.refused("object-del", {"id": "compat_monitor0"}, text="Cannot delete the current QMP monitor")
        equal(qmp.execute("query-iothreads")[0]["holders"], [], "holders at the end")
        qmp.execute("object-del", {"id": "io0"})


def serve_and_delete(qmp: QmpClient, client: QmpClient) -> None:
    """The client works, sees its monitor as a holder, and loses its connection when the monitor goes."""
    holders = client.reply(client.send("query-iothreads", how="exec-oob"))[0]["holders"]
    equal(holders, [{"type": "qom-object", "qom-path": "/objects/m"}], "holders")
    properties = {name: client.execute("qom-get", {"path": "/objects/m", "property": name})
                  for name in ("type", "chardev", "iothread", "pretty")}
    equal(properties, {"type": "monitor-qmp", "chardev": "second", "iothread": "io0", "pretty": False}, "properties")
    equal([info["monitor"] for info in client.execute("query-clients")], ["compat_monitor0", "m"], "clients")
    client.refused("object-del", {"id": "io0"}, text="held by qom-object '/objects/m'")
    client.refused("object-del", {"id": "m"}, text="Cannot delete the current QMP monitor")
    for number in range(500):
        client.send("query-version" if number % 3 else "query-iothreads", how="execute" if number % 3 else "exec-oob")
    qmp.execute("object-del", {"id": "m"})
    check(len(client.expect_closed()) <= 500, "more answers than commands")
    client.close()
