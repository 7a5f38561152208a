# SPDX-License-Identifier: Apache-2.0
"""Several monitors: unix, TCP, and one that prints for people (pretty=on); objects are shared."""
import json
import socket

from harness import Case, QmpClient, check, equal


def test(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    unix, pretty = case.path("unix.sock"), case.path("pretty.sock")
    daemon = case.start_plain("--chardev", f"socket,id=u,path={unix},server=on", "--monitor", "chardev=u,mode=control",
                              "--chardev", f"socket,id=t,host=127.0.0.1,port={port},server=on", "--monitor", "t",
                              "--chardev", f"socket,id=p,path={pretty},server=on", "--monitor", "p,pretty=on",
                              monitor=unix)
    over_tcp = socket.create_connection(("127.0.0.1", port), timeout=30)
    with QmpClient("", connected=over_tcp) as tcp, daemon.qmp() as qmp:
        tcp.execute("object-add", {"qom-type": "iothread", "id": "io0"})
        equal([thread["id"] for thread in qmp.execute("query-iothreads")], ["io0"], "IOThreads over the unix socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(30)
        client.connect(str(pretty))
        client.sendall(b'{"execute": "qmp_capabilities", "id": ["x"]}')
        client.shutdown(socket.SHUT_WR)
        text = b""
        while part := client.recv(1 << 16):
            text += part
    greeting, answer = text.split(b"\r\n}\r\n")[:2]
    check("QMP" in json.loads(greeting + b"}"), f"greeting: {greeting!r}")
    equal(
        answer + b"\r\n}\r\n", b'{\r\n    "return": {\r\n    },\r\n    "id": [\r\n        "x"\r\n    ]\r\n}\r\n',
        "pretty reply"
    )
