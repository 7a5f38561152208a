# SPDX-License-Identifier: Apache-2.0
"""Files that cannot be used: the refusal names the file and the reason, and nothing stays open."""
import os

from harness import Case, State


def test(case: Case) -> None:
    case.need("setpriv")
    # root reads everything, unless it lacks these two capabilities
    without = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    unprivileged = without if os.getuid() == 0 else ()
    daemon = case.start(launcher=unprivileged)
    unreadable, read_only = case.image("unreadable.img", 1), case.image("read-only.img", 1)
    unreadable.chmod(0)
    read_only.chmod(0o444)
    os.mkfifo(case.path("fifo"))
    case.path("loop").symlink_to("loop")
    with daemon.qmp() as qmp:
        before = State.of(daemon, qmp)
        for name, text in (("missing.img", "No such file or directory"), ("", "No such file or directory"),
                           ("unreadable.img", "Permission denied"), ("read-only.img", "Permission denied"),
                           ("unreadable.img/x", "Not a directory"), ("loop", "symbolic links"),
                           ("x" * 300, "File name too long")):
            path = str(case.path(name)) if name else ""
            desc = qmp.refused("blockdev-add", {"driver": "file", "node-name": "n0", "filename": path}, text=text)
            assert f"'{path}'" in desc, f"the refusal does not name the file: {desc}"
        for name in (".", "fifo", "/dev/zero", "/dev/null"):
            qmp.refused("blockdev-add", {"driver": "file", "node-name": "n0", "filename": str(case.path(name))},
                        text=f"'{case.path(name)}'")
        before.unchanged(daemon, qmp, "files that cannot be opened")
        qmp.execute(
            "blockdev-add", {"driver": "file", "node-name": "n0", "filename": str(read_only), "read-only": True}
        )
        qmp.execute("blockdev-del", {"node-name": "n0"})
        before.unchanged(daemon, qmp, "a read-only file")
