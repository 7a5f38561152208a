# SPDX-License-Identifier: Apache-2.0
"""Complete commands that arrived before a close are executed, half a command never; replies go to nobody else."""
import socket

from harness import Case, check, equal

THREADS = 10


def test(case: Case) -> None:
    daemon = case.start()
    other = daemon.qmp()
    hasty = daemon.qmp()
    hasty.send_raw("".join(f'{{"execute": "object-add", "arguments": {{"qom-type": "iothread", "id": "io{number}"}}}}'
                           for number in range(THREADS)) + '{"execute": "object-del", "arguments": {"id": "io0"}')
    hasty.close()
    daemon.until(lambda: len(other.execute("query-iothreads")) == THREADS, "all commands before the close are executed")

    polite = daemon.qmp()
    polite.send_raw('{"execute": "object-del", "arguments": {"id": "io1"}, "id": 1}'
                    '{"execute": "query-iothreads", "id": 2}'
                    '{"execute": "object-del", "arguments": {"id": "io2"}')
    polite.socket.shutdown(socket.SHUT_WR)
    answers = polite.expect_closed()
    equal([answer.get("id") for answer in answers], [1, 2], "answers after a half-close")
    equal(len(answers[1]["return"]), THREADS - 1, "IOThreads then")
    polite.close()
    equal(len(other.execute("query-iothreads")), THREADS - 1, "IOThreads after half a command")
    check(not other.has_message(), "another client got a message that is not its own")
    other.close()
