# SPDX-License-Identifier: Apache-2.0
"""The page of limits in the manual, compared with the constants of the code."""

from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from qapi.main import load  # noqa: E402
from qapi.manual import build_manual  # noqa: E402
from qapi.markup import Table  # noqa: E402

LIMITS = {
    "clients, over all sockets": "daemon/monitor/client_admission.hpp kMaxClients",
    "read-only clients": "daemon/monitor/client_admission.hpp kMaxReadOnlyClients",
    "read-only clients of one user": "daemon/monitor/client_admission.hpp kMaxReadOnlyClientsOfUser",
    "output that a client has not read": "daemon/monitor/client_connection.hpp kPauseOutputBytes",
    "such a client reads nothing at all": "daemon/monitor/monitor_server.hpp kStalledTimeout",
    "entries of a monitor's allow": "daemon/monitor/role.hpp kMaxAllowEntries",
    "paths of one qom-list-get": "daemon/qom/qom_qmp.cpp kMaxPaths",
    "commands that wait behind one that runs, with oob": "protocol/qmp/qmp_session.hpp kMaxWaiting",
    "events kept for query-events-since": "daemon/monitor/event_history.hpp kMaxEvents",
    "the same, as JSON": "daemon/monitor/event_history.hpp kMaxBytes",
    "for reading the rest when the program ends": "daemon/monitor/monitor_server.hpp kCloseTimeout",
    "character devices": "daemon/chardev/chardev_registry.hpp kMaxChardevs",
    "host names looked up at once": "daemon/util/run_blocking.hpp kMaxBlockingCalls",
    "descriptors of a client that no command took": "daemon/monitor/pending_fds.hpp kMaxPendingFds",
    "descriptors with a name": "daemon/util/fd_store.hpp kMaxNamedFds",
    "descriptors in fd sets": "daemon/util/fd_store.hpp kMaxFdsInSets",
    "bytes of a descriptor's name or opaque text": "daemon/util/fd_store.hpp kMaxFdTextBytes",
    "holders named in the error of object-del": "daemon/iothread/iothread.hpp kHoldersNamed",
    "tokens of a message, in bytes; they stay below the limit": "protocol/qmp/json_reader.hpp kMaxTokenBytes",
    "the same, of a read-only client": "daemon/monitor/role.hpp kMaxReadOnlyMessageBytes",
    "tokens of a message": "protocol/qmp/json_reader.hpp kMaxTokens",
    "nested braces and brackets": "protocol/qmp/json_reader.hpp kMaxNesting",
    "bytes of the text of a syntax error": "protocol/qmp/json_reader.cpp kMaxErrorBytes",
    "levels of indentation in pretty output": "protocol/qmp/json_writer.hpp kMaxIndentedLevels",
    "bytes of a command line": "daemon/monitor/line_editor/line_buffer.hpp kMaxLineBytes",
    "lines of history": "daemon/monitor/line_editor/line_history.hpp kMaxHistory",
    "the same, in bytes": "daemon/monitor/line_editor/line_history.hpp kMaxHistoryBytes",
    "words that Tab lists": "daemon/monitor/line_editor/candidate_list.hpp kMaxListed",
    "bytes of a node name": "daemon/block/block_graph.hpp kNodeNameMax",
    "bytes of an NBD export's name or description": "protocol/nbd/constants.hpp kMaxStringBytes",
    "bytes of the path of a unix domain socket": "",
    "bytes between two dots in the key of an option": "protocol/qmp/keyval.cpp kFragmentMax",
    "names in the key of an option": "protocol/qmp/keyval.cpp kDepthMax",
    "connections, unless nbd-server-start says otherwise": "daemon/export/nbd/nbd_server.hpp kDefaultMaxConnections",
    "for the handshake, unless nbd-server-start says otherwise":
        "daemon/export/nbd/nbd_server.hpp kDefaultHandshakeMaxSeconds",
    "an option in the handshake": "protocol/nbd/constants.hpp kMaxOptionBytes",
    "data of one read or write": "protocol/nbd/constants.hpp kMaxPayloadBytes",
    "requests in flight on a connection": "daemon/export/nbd/nbd_socket_io.hpp kNbdSlots",
    "memory for the requests of a connection": "daemon/export/nbd/nbd_buffers.hpp kMaxBytes",
}
"""What each row of the page is about, and where its number comes from; the kernel's have no constant."""

NOT_SHOWN = {
    "kMaxDiscardedReads", "kMaxFlushes", "kMaxSendsPerPass", "kMaxStepsPerPass",  # fairness in a loop
    "kMaxInfoRequestBytes", "kMaxReplyBytes",  # follow from the others
    "kMaxKinds",  # rate limits of events, and no event has one
    "kMaxCpu",  # what the kernel's masks have room for
    "kMaxLogLineBytes",  # of the program's own log
    "kDefaultMaxNs",  # a default, not a limit
}
"""Constants called kMax... that a client never meets."""

UNITS = {"": 1, "MiB": 1 << 20, "s": 1}
_CONSTANT = r"\b{}\s*(?:=\s*([^;]+);|{{(\d+)}};)"


def constant(place: str) -> int:
    """The value of `FILE NAME`."""
    file, name = place.split()
    match = re.search(_CONSTANT.format(name), (ROOT / file).read_text(encoding="utf-8"))
    if not match:
        raise AssertionError(f"{file} has no constant {name}")
    expression = re.sub(r"(?<=\d)[uUlL]+", "", (match.group(1) or match.group(2)).replace("'", ""))
    if not re.fullmatch(r"[\d\s<*+]+", expression):
        raise AssertionError(f"{place}: cannot evaluate '{expression}'")
    return int(eval(expression))  # pylint: disable=eval-used


def rows() -> dict[str, int]:
    """The page: what is limited, and to how much."""
    manual = build_manual(load(str(ROOT / "qapi-schema" / "iothreadd.json")), "limits")
    chapter = next(chapter for chapter in manual.chapters if chapter.title == "Limits")
    found = {}
    for table in (block for block in chapter.content if isinstance(block, Table)):
        for row in table.rows:
            value, what, _ = ("".join(span.text for span in cell) for cell in row)
            number, _, unit = value.partition(" ")
            found[what] = int(number) * UNITS[unit]
    return found


class LimitsTest(unittest.TestCase):
    """Page and code say the same."""

    def test_every_number_is_that_of_the_code(self) -> None:
        page = rows()
        self.assertEqual(set(page), set(LIMITS))
        for what, place in LIMITS.items():
            if place:
                with self.subTest(what=what):
                    self.assertEqual(page[what], constant(place))

    def test_every_constant_is_on_the_page(self) -> None:
        known = {place.split()[1] for place in LIMITS.values() if place} | NOT_SHOWN
        for file in sorted((*ROOT.glob("daemon/**/*.[ch]pp"), *ROOT.glob("protocol/**/*.[ch]pp"))):
            for name in re.findall(r"constexpr[^=;(]*\b(kMax\w+)", file.read_text(encoding="utf-8")):
                self.assertIn(name, known, f"{file.relative_to(ROOT)}: put it on the page of limits, or say why not")


if __name__ == "__main__":
    unittest.main()
