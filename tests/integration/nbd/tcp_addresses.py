# SPDX-License-Identifier: Apache-2.0
"""A host name may mean several addresses: query-nbd-server names all of them, with the port, and each one answers."""
from harness import Case, NbdConnection, check, equal


def test(case: Case) -> None:
    daemon = case.start(env=case.gate().env)
    with daemon.qmp() as qmp:
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20})
        for host in ("localhost", "127.0.0.1", "", "several"):
            qmp.execute("nbd-server-start", {"addr": {"type": "inet", "data": {"host": host, "port": "0"}}})
            qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0"})
            addresses = qmp.execute("query-nbd-server")["addresses"]
            check(addresses, f"no address for host {host!r}")
            for address in addresses:
                check(address["type"] == "inet" and 0 < int(address["port"]) < 65536, f"address {address}")
                where = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(address["host"], address["host"])
                if ":" not in where:
                    with NbdConnection((where, int(address["port"]))).go("n0") as client:
                        equal(client.read(0, 512), bytes(512), f"data over {address}")
                        client.disconnect()
            qmp.execute("nbd-server-stop")
            again = {"host": "127.0.0.1", "port": addresses[0]["port"]} # free again, at once
            qmp.execute("nbd-server-start", {"addr": {"type": "inet", "data": again}})
            equal(qmp.execute("query-nbd-server")["addresses"], [{"type": "inet"} | again], "addresses")
            qmp.execute("nbd-server-stop")
