# SPDX-License-Identifier: Apache-2.0
"""Nesting, tokens and size of a message are limited; what is too much is one error, and the session goes on."""
import sys

from harness import Case, check, equal

SIZE_LIMIT = 16 << 20
TOKEN_LIMIT = 2097152


def message_of_tokens(count: int) -> str:
    """An object with an array of zeros; `[]` in place of the first when the tokens would come out odd."""
    first = "0" if count % 2 else "[]"
    return f'{{"x": [{first}{",0" * ((count - 5) // 2 - 1)}]}}'


def test(case: Case) -> None:
    sys.setrecursionlimit(10000) # of our own parser
    daemon = case.start()
    with daemon.qmp() as qmp:
        nested = "[" * 1023 + "]" * 1023
        qmp.send_raw(f'{{"execute": "query-iothreads", "id": {nested}}}\n')
        equal(qmp.receive()["return"], [], "answer to a message nested 1024 deep")
        qmp.send_raw(f'{{"execute": "query-iothreads", "id": [{nested}]}}\n')
        equal(qmp.receive()["error"]["desc"], "JSON nesting depth limit exceeded", "nested 1025 deep")
        equal(qmp.execute("query-iothreads"), [], "after too deep a message")

        for count, text in ((TOKEN_LIMIT, "QMP input member 'x' is unexpected"),
                            (TOKEN_LIMIT + 1, "JSON token count limit exceeded")):
            qmp.send_raw(message_of_tokens(count))
            equal(qmp.receive()["error"]["desc"], text, f"answer to a message of {count} tokens")
        equal(qmp.execute("query-iothreads"), [], "after too many tokens")

        fits = "x" * (SIZE_LIMIT - (64 << 10))
        qmp.send_raw(f'{{"execute": "nope", "arguments": {{"x": "{fits}"}}, "id": "big"}}\n')
        equal(qmp.receive()["error"]["class"], "CommandNotFound", "class of the answer to a big message")

        before = daemon.resident_bytes()
        qmp.send_raw(f'{{"execute": "nope", "arguments": {{"x": "{fits}{"y" * (128 << 10)}"}}}}\n')
        answer = qmp.receive()
        check("size limit" in answer["error"]["desc"], f"answer to a message beyond the limit: {answer}")
        equal(qmp.execute("query-iothreads"), [], "after too long a message")
        grown = daemon.resident_bytes() - before
        check(grown < 64 << 20, f"{grown} bytes more after a message that was refused")
