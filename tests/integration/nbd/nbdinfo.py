# SPDX-License-Identifier: Apache-2.0
"""nbdinfo sees each export's name, description, size and abilities, and lists them all."""
import json
from typing import Any

from harness import Case, Export, check, equal
from harness.storage import uri


def info(case: Case, where: str, *options: str) -> list[dict[str, Any]]:
    return list(json.loads(case.run("nbdinfo", "--json", *options, where).stdout)["exports"])


def test(case: Case) -> None:
    case.need("nbdinfo")
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 64))
        qmp.execute("block-export-add", {"type": "nbd", "id": "ro", "node-name": "n0", "name": "read only",
                                         "description": "nobody writes here"})
        one = info(case, export.uri)[0]
        equal(one["export-name"], "disk", "name")
        equal(one["export-size"], 64 << 20, "size")
        expected = {"is_read_only": False, "can_flush": True, "can_fua": True, "can_multi_conn": True, "can_trim": True,
                    "can_zero": True, "can_df": True, "is_rotational": False}
        equal({key: one[key] for key in expected}, expected, "abilities of the writable export")
        check(one["block_size_maximum"] == 32 << 20 and one["block_size_minimum"] >= 1
              and one["block_size_preferred"] >= 4096, f"block sizes: {one}")
        equal(case.run("nbdinfo", "--size", export.uri).stdout, f"{64 << 20}\n", "nbdinfo --size")
        ability(case, export)

        listed = {entry["export-name"]: entry for entry in info(case, uri(export.address, ""), "--list")}
        equal(sorted(listed), ["disk", "read only"], "exports in nbdinfo --list")
        equal(listed["read only"]["description"], "nobody writes here", "description")
        equal(listed["read only"]["is_read_only"], True, "is_read_only")
        case.run("nbdinfo", uri(export.address, "nope"), status=1)


def ability(case: Case, export: Export) -> None:
    """nbdinfo's exit status: 0 yes, 2 no."""
    for question, status in {("--can", "multi-conn"): 0, ("--can", "write"): 0, ("--is", "read-only"): 2}.items():
        case.run("nbdinfo", *question, export.uri, status=status)
