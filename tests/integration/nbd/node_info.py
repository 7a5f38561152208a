# SPDX-License-Identifier: Apache-2.0
"""query-named-block-nodes: newest first, each with all that a client of QEMU 11 expects of a node."""
from typing import Any

from harness import Case, check, equal


def test(case: Case) -> None:
    image = case.image("disk.img", 4)
    with open(image, "r+b") as file:
        file.write(b"x" * 65536)
    with case.start().qmp() as qmp:
        case.add_file(qmp, "f0", image, read_only=True, cache={"no-flush": True})
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1000})
        null, file_node = qmp.execute("query-named-block-nodes", {"flat": True})
        equal((null["node-name"], null["drv"], null["image"]["virtual-size"]), ("n0", "null-co", 1024), "the null node")
        expected: dict[str, Any] = {
            "node-name": "f0", "drv": "file", "file": str(image), "ro": True, "encrypted": False, "active": True,
            "backing_file_depth": 0, "detect_zeroes": "off", "write_threshold": 0, "bps": 0, "bps_rd": 0, "bps_wr": 0,
            "iops": 0, "iops_rd": 0, "iops_wr": 0, "cache": {"writeback": True, "direct": False, "no-flush": True}}
        equal({name: file_node.get(name) for name in expected}, expected, "the file node")
        equal(sorted(file_node), sorted([*expected, "children", "image"]), "its members")
        about = file_node["image"]
        equal((about["filename"], about["format"], about["virtual-size"], about["dirty-flag"]),
              (str(image), "file", 4 << 20, False), "its image")
        equal(about["actual-size"], image.stat().st_blocks * 512, "actual-size")
        equal(about["format-specific"], {"type": "file", "data": {}}, "format-specific")
        check(
            about["limits"]["request-alignment"] >= 1 and about["limits"]["max-iov"] > 0, f"limits: {about['limits']}"
        )
