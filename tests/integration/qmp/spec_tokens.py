# SPDX-License-Identifier: Apache-2.0
"""The rules of lexical errors and of how input is found again behind them, row by row."""
from harness import Case
from harness.spec_client import Row, SpecClient, Syntax, error, not_found

NO_OBJECT = error("QMP input must be a JSON object")
LACKS = error("QMP input lacks member 'execute'")
NOPE = not_found("The command nope has not been found")
UNKNOWN = "\ufffd"


def stray(column: int, text: str, line: int = 0) -> Syntax:
    return Syntax(column, f"stray '{text}'", line)


ROWS: list[Row] = [
    ("#", stray(1, "#")), ("/", stray(1, "/")), (".5", stray(1, ".")),
    ("+1", stray(1, "+")), ("NaN", stray(1, "N")), ("Infinity", stray(1, "I")),
    ("%d", stray(1, "%")), (b"\x7f", stray(1, "\x7f")), (b"\x80", stray(1, UNKNOWN)),
    (b"\x00", stray(1, "")), (b"\x01", stray(1, "\x01")), (b"\xfe", stray(1, UNKNOWN)), (b"\x0b", stray(1, "\v")),
    (b"\x0c", stray(1, "\f")),
    # Numbers.
    ('{"id":5.}', stray(7, "5.}")), ("01", stray(1, "01")), ("-a", stray(1, "-a")), ("- 1", stray(1, "- ")),
    ("-01", stray(1, "-01")), ("1.x", stray(1, "1.x")), ("1.e5", stray(1, "1.e")), ("1e+ ", stray(1, "1e+ ")),
    ("1ex", stray(1, "1ex")), ("[1E-]", stray(2, "1E-]")),
    # Strings: no control character, 0xFE or 0xFF; what came before it is shown.
    (b'"x\x01', stray(1, '"x\x01')), (b'"x\ty', stray(1, '"x\t')), (b"'x\x1f", stray(1, "'x\x1f")),
    (b'["a", "b\xff', stray(7, '"b' + UNKNOWN)), (b'"\xfe', stray(1, '"' + UNKNOWN)), (b'"a\x00', stray(1, '"a')),
    (b'"never ended', stray(1, '"never ended\n')),
    ('"' + "x" * 3000 + "\x01", Syntax(1, ("stray '\"" + "x" * 3000)[:1023])),
    # A byte order mark is none of white space.
    (b'\xef\xbb\xbf{"execute":"nope"}', [stray(1, UNKNOWN), NOPE]),
    # The next structural character is input again, and so is the next control character, which may be an error.
    (b'{"execute":\xff{"execute":"nope"}', [stray(12, UNKNOWN), NOPE]),
    (b"\xff\xff\xff", [stray(1, UNKNOWN), stray(2, UNKNOWN), stray(3, UNKNOWN)]),
    (b"N skipped\tas well as 'this' {}", [stray(1, "N"), LACKS]),
    (b"N\x01[]", [stray(1, "N"), stray(2, "\x01"), NO_OBJECT]),
    (b"N\n1", [stray(1, "N"), NO_OBJECT]),
    (b"[[[{N{}", [stray(5, "N"), LACKS]), # open brackets are forgotten
    ('{"execute":NaN,"id":1}', [stray(12, "N"), Syntax(15, "expecting value"), NO_OBJECT, Syntax(20, "expecting value"),
                                NO_OBJECT, Syntax(22, "expecting value")]),
    # 0xFF brings the reader back from anywhere.
    (b'{"a": ["b\xff{"execute":"nope"}', [stray(8, '"b' + UNKNOWN), NOPE]),
    (b'{"a": [1\xff{"execute":"nope"}', [stray(9, UNKNOWN), NOPE]),
    # An exponent may not follow a bare 0.
    ("0e1", [NO_OBJECT, Syntax(2, "invalid keyword 'e'"), NO_OBJECT]), ("0.0e1", NO_OBJECT),
]


def test(case: Case) -> None:
    with SpecClient(case.start().monitor or "") as client:
        client.begin().check_rows(ROWS)
