# SPDX-License-Identifier: Apache-2.0
"""A client that others wrote gets on with us: go-qemu, Debian's package golang-github-digitalocean-go-qemu-dev."""
import os
from pathlib import Path

from harness import Case, Skip, check, equal

SOURCES = Path("/usr/share/gocode")
COMMANDS = b"""\
{"execute": "object-add", "arguments": {"qom-type": "iothread", "id": "io0"}}
{"execute": "qom-get", "arguments": {"path": "/objects/io0", "property": "poll-max-ns"}}
{"execute": "object-add", "arguments": {"qom-type": "iothread", "id": "0"}}
{"execute": "nope"}
{"execute": "blockdev-add", "arguments": {"driver": "null-co", "node-name": "n0"}}
{"execute": "x-blockdev-set-iothread", "arguments": {"node-name": "n0", "iothread": "io0"}}
{"execute": "x-blockdev-set-iothread", "arguments": {"node-name": "n0", "iothread": null}}
{"execute": "object-del", "arguments": {"id": "io0"}}
"""
ANSWERS = ["{'return': {}}", "{'return': 32768}", "error: Parameter 'id' expects an identifier",
           "error: The command nope has not been found", *["{'return': {}}"] * 4,
           "event: IOTHREAD_HOLDER_ADDED", "event: IOTHREAD_HOLDER_REMOVED"]


def test(case: Case) -> None:
    case.need("go")
    if not (SOURCES / "src/github.com/digitalocean/go-qemu").is_dir():
        raise Skip("no go-qemu on this machine")
    program = case.path("go_qemu_client")
    env = dict(os.environ) | {"GOPATH": str(SOURCES), "GO111MODULE": "off", "GOPROXY": "off", "CGO_ENABLED": "0",
                              "GOCACHE": str(case.path("go-cache")), "GOTMPDIR": str(case.directory)}
    source = Path(__file__).with_name("go_qemu_client.go")
    case.run("go", "build", "-p", "1", "-o", program, source, env=env)

    monitor = case.start().monitor
    assert monitor is not None
    output = case.run(program, monitor, "2", stdin=COMMANDS).stdout.splitlines()
    check(output[0].startswith("11.1.1 iothreadd "), f"the version that the client sees: {output[0]}")
    equal([line.replace('"', "'") for line in output[1:]], ANSWERS, "what the client prints")
