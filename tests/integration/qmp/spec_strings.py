# SPDX-License-Identifier: Apache-2.0
"""The rules of strings, row by row: each is an id, which comes back, or an error at its token."""
from harness import Case
from harness.spec_client import Row, SpecClient, Syntax, not_found

COLUMN = 8 # of the id
FINE: list[tuple[bytes, str]] = [
    (rb'"\" \' \\ \/ \b \f \n \r \t"', "\" ' \\ / \b \f \n \r \t"),
    (rb"'\" \' \\'", "\" ' \\"), (b"'\"'", '"'), (b'"\'"', "'"),
    (rb'"\u20ac\u20AC"', "\u20ac\u20ac"), (rb'"\ud83d\ude00"', "\U0001f600"),
    (rb'"\u0000x"', "\0x"), (b'"\xc0\x80x"', "\0x"),
    (rb'"\u007f\ufeff\ufffd\ufdcf\ufdf0"', "\x7f\ufeff\ufffd\ufdcf\ufdf0"),
    (b'"\x7f\xef\xbb\xbf\xef\xbf\xbd"', "\x7f\ufeff\ufffd"),
    (rb'"\udbff\udffd"', "\U0010fffd"), (b'"\xf4\x8f\xbf\xbd"', "\U0010fffd"), (b'"%s %%"', "%s %%"),
    ('"é€😀"'.encode(), "é€😀"), (b'"{}[],:// #"', "{}[],:// #"), (b'""', ""), (b"''", ""),
    (b'"\xed\x9f\xbf \xee\x80\x80"', "\ud7ff \ue000"),
]
NO_ESCAPE = [rb'"\a"', rb'"\x41"', rb'"\v"', rb'"\0"', rb'"\U00000041"', rb'"\ "', rb"'\e'", '"\\é"'.encode()]
NO_CHARACTER: list[tuple[bytes, str]] = [
    (rb'"\u12"', r'\u12"'), (rb'"\u"', r'\u"'), (rb'"\u123g"', r"\u123g"),
    (rb'"\u+123"', r"\u+123"), (rb'"\u 123"', r"\u 123"),
    (rb'"\ud800"', r"\ud800"), (rb'"\udc00"', r"\udc00"), (rb'"\ud800x"', r"\ud800"), (rb'"\ud800\ud800"', r"\ud800"),
    (rb'"\ud800\u0041"', r"\ud800"), (rb'"\udc00\ud800"', r"\udc00"),
    (rb'"\ufffe"', r"\ufffe"), (rb'"\uFFFF"', r"\uFFFF"),
    (rb'"\ufdd0"', r"\ufdd0"), (rb'"\ufdef"', r"\ufdef"), (rb'"\ud83f\udfff"', r"\ud83f"), (rb'"x\ud800\n"', r"\ud800"),
]
NO_UTF8 = [
    b"\x80", b"\xbf\xbf", b"\xc3(", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc3", # stray and cut
    b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", # overlong
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80", # surrogates
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", # past the last character
    b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xef\xb7\x90", b"\xef\xb7\xaf", b"\xf0\x9f\xbf\xbe", b"\xf4\x8f\xbf\xbf", # none
]


def command(string: bytes) -> bytes:
    return b'{"id": ' + string + b', "execute": "nope"}'


def rows() -> list[Row]:
    nope = "The command nope has not been found"
    escapes = [(command(string), Syntax(COLUMN, "invalid escape sequence in string")) for string in NO_ESCAPE]
    characters = [(command(string), Syntax(COLUMN, f"{quoted} is not a valid Unicode character"))
                  for string, quoted in NO_CHARACTER]
    sequences = [(command(b'"x' + sequence + b'y"'), Syntax(COLUMN, "invalid UTF-8 sequence in string"))
                 for sequence in NO_UTF8]
    keys: list[Row] = [(b'{"\\a": 1}', Syntax(2, "invalid escape sequence in string")),
                       (b'{"\xff', Syntax(2, "stray '\"\ufffd'")),
                       (b'{"\x80": 1}', Syntax(2, "invalid UTF-8 sequence in string"))]
    fine = [(command(string), not_found(nope, text)) for string, text in FINE]
    return [*fine, *escapes, *characters, *sequences, *keys]


def test(case: Case) -> None:
    with SpecClient(case.start().monitor or "") as client:
        client.begin().check_rows(rows())
