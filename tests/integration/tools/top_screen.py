# SPDX-License-Identifier: Apache-2.0
"""iothread-top on terminals: a small one, many threads to scroll through, other sizes, and a daemon that comes back."""
import re
import signal

from harness import Case, check, tools
from harness.terminal import Terminal

THREADS = 30


def test(case: Case) -> None:
    path = case.path("top.sock")
    options = ["--chardev", f"socket,id=qmp,path={path},server=on,wait=off", "--monitor", "qmp"]
    objects = [word for number in range(THREADS) for word in ("--object", f"iothread,id=io{number:02}")]
    daemon = case.start_plain(*objects, *options)
    top = tools.terminal(case, "iothread-top", "-d", "0.2", path, rows=8, columns=50)
    top.expect_screen(rf"^{THREADS} IOThreads   every 0.2 s   server's order.*\nIOTHREAD +TID.*\nio00 .*\nio05[^\n]*$")
    keys(top)
    for rows, columns in ((1, 1), (2, 10), (3, 200), (100, 3)):
        top.resize(rows, columns)
        top.send("rr")
    top.resize(40, 120)
    top.expect_screen(rf"^{THREADS} IOThreads[^\n]*\nIOTHREAD.* HOLDERS\nio00 .*\nio{THREADS - 1} ")

    daemon.signal(signal.SIGTERM)
    daemon.wait_exit()
    top.expect_screen(r"^[^\n]*(closed the connection|cannot connect to)[^\n]*next attempt in")
    case.start_plain("--object", "iothread,id=back", *options)
    top.expect_screen(r"^1 IOThread   .*\nback ")
    top.send("q")
    top.expect_exit(0)
    check(re.search(rb"\x1b\[\?1049l[^\x1b]*(\x1b[^\x1b]*)*$", top.raw), "the terminal was not given back")

    top = tools.terminal(case, "iothread-top", "-d", "3600", path, rows=5, columns=30)
    top.expect_screen("back")
    check("HOLDERS" not in top.screen.text, "more columns than the screen has")
    top.resize(5, 150)
    top.expect_screen("HOLDERS") # at once, not at the next look
    top.send("q")
    top.expect_exit(0)

    for end, status in ((signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)):
        top = tools.terminal(case, "iothread-top", path)
        top.expect_screen("back")
        top.process.signal(end)
        top.expect_exit(status)
        check(b"\x1b[?1049l" in top.raw, "the terminal was not given back")


def keys(top: Terminal) -> None:
    """Each key does what the help says."""
    top.send("\x1bOB" * 3) # Down
    top.expect_screen(rf"4-9 of {THREADS}|\nio03 .*\nio08[^\n]*$")
    top.send("\x1bOF") # End
    top.expect_screen(rf"\nio24 .*\nio{THREADS - 1}[^\n]*$")
    top.send("\x1b[5~") # PgUp
    top.expect_screen(r"\nio19 .*\nio24[^\n]*$")
    top.send("\x1bOH") # Home
    top.expect_screen(r"\nio00 .*\nio05[^\n]*$")
    top.send("i")
    top.expect_screen("by IOTHREAD")
    top.send("r")
    top.expect_screen(rf"\nio{THREADS - 1} .*\nio24[^\n]*$")
    top.send("c")
    top.expect_screen("by CPU%")
    top.send("o")
    top.expect_screen(r"server's order.*\nio00 .*\nio05[^\n]*$")
    top.send("\x1bOC" * 20) # Right
    top.expect_screen(r"HOLDERS\n")
    top.send("\x1bOD" * 20) # Left
    top.expect_screen(r"\nIOTHREAD")
    top.resize(8, 400)
    for title in (r" BLOCKS\.COUNT ", r" BLOCKS\.COUNT/s ", r" BATCH +CONNS "): # statistics: totals, per second, none
        top.send("s")
        top.expect_screen(title)
    top.resize(8, 50)
    top.expect_screen(r"POLL-MAX-NS\nio00")
    top.send("?")
    top.expect_screen(r"\nKeys.*look now")
    top.send("\x1bOF") # End: the rest of the help
    top.expect_screen(r"Any other key ends this help\.$")
    top.send("x")
    top.expect_screen(r"\nIOTHREAD")
    top.send("+")
    top.expect_screen("every 0.4 s")
    top.send("-")
    top.expect_screen("every 0.2 s")
