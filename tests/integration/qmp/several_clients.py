# SPDX-License-Identifier: Apache-2.0
"""Many clients on one socket: each negotiates for itself, gets its own replies only, and none waits for another."""
from harness import Case, QmpClient, check, equal

CLIENTS = 20


def test(case: Case) -> None:
    daemon = case.start()
    silent = daemon.qmp(negotiate=False)
    half = daemon.qmp()
    half.send_raw('{"execute": "object-add", "arguments": {"qom-type": "iothr')
    clients: list[QmpClient] = [daemon.qmp() for _ in range(CLIENTS)]

    for number, client in enumerate(clients):
        for step in range(10):
            client.send_raw(f'{{"execute": "query-version", "id": "{number}.{step}"}}')
    for number, client in enumerate(clients):
        equal([client.receive()["id"] for _ in range(10)], [f"{number}.{step}" for step in range(10)],
              f"replies of client {number}")

    silent.refused("query-iothreads", kind="CommandNotFound", text="Expecting capabilities negotiation")
    half.send_raw('ead", "id": "io0"}, "id": "half"}')
    equal(half.receive(), {"return": {}, "id": "half"}, "answer to the command in two halves")
    equal([thread["id"] for thread in clients[0].execute("query-iothreads")], ["io0"], "objects are shared")
    silent.execute("qmp_capabilities")
    equal(len(silent.execute("query-iothreads")), 1, "IOThreads that the late negotiator sees")

    for client in [silent, half, *clients[1:]]:
        client.close()
    equal(clients[0].execute("object-del", {"id": "io0"}), {}, "a client whose neighbours went")
    check(not clients[0].has_message(), "a client got a message that is not its own")
    clients[0].close()
