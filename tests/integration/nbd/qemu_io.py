# SPDX-License-Identifier: Apache-2.0
"""qemu-io's patterns: write, read back, FUA, zeroes with and without unmap, discard, flush; the file holds the same."""
from harness import Case, check, equal

MIB = 1 << 20


def test(case: Case) -> None:
    case.need("qemu-io")
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 16)
        export = case.serve(qmp, image, node={"discard": "unmap"})

        def io(*commands: str) -> None:
            words = [word for command in commands for word in ("-c", command)]
            done = case.run("qemu-io", "-f", "raw", *words, export.uri)
            check("failed" not in done.stdout, f"{commands}: {done.stdout}")

        io("write -P 0xab 1M 64k", "read -P 0xab 1M 64k", "read -P 0 0 1M", "write -P 0xcd 1000k 48k", "flush")
        io("read -P 0xcd 1000k 48k", "read -P 0xab 1048k 40k", "write -f -P 0x11 3M 4k", "read -P 0x11 3M 4k")
        io("write -P 0x22 4M 2M", "write -z 4M 64k", "write -z -u 5M 1M", "read -P 0 4M 64k", "read -P 0 5M 1M",
           "read -P 0x22 4160k 960k", "discard 4M 2M", "flush", "read -P 0 4M 1M")
        io("write -P 0x33 16773120 4096", "read -P 0x33 16773120 4096")
        data = image.read_bytes()
        equal((data[MIB + 24 * 1024:MIB + 64 * 1024], data[3 * MIB:3 * MIB + 4096]),
              (b"\xab" * 40 * 1024, b"\x11" * 4096), "patterns in the file")
        equal(data[-4096:], b"\x33" * 4096, "the last 4 KiB of the file")
        equal(len(data), 16 * MIB, "size of the file")
