# SPDX-License-Identifier: Apache-2.0
"""The rules of numbers, row by row: each is an id, which is printed again, digit by digit."""
from harness import Case, check, equal
from harness.spec_client import SpecClient

NOPE = '"error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}'
SAME = ["0", "1", "-1", "42", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551615", "0.5", "-2.5", "1e+17", "1.7976931348623157e+308", "4.9406564584124654e-324"]
PRINTED = {
    "-0": "0", "1.0": "1", "100.0": "100", "1e3": "1000", "1E3": "1000", "1e+3": "1000", "1.5e1": "15", "0.0": "0",
    "18446744073709551616": "1.8446744073709552e+19", "-9223372036854775809": "-9.2233720368547758e+18",
    "0.1": "0.10000000000000001", "1e-5": "1.0000000000000001e-05", "1e16": "10000000000000000", "1e17": "1e+17",
    "1e-400": "0", "123456789.123456789": "123456789.12345679", "0.0e1": "0", "5e-324": "4.9406564584124654e-324",
    "1" + "0" * 100: "1e+100",
}
TOO_LARGE = ["1e400", "-1e400", "1" + "0" * 400, "1e99999999999999999999", "-0.1e400"] # never `inf`


def test(case: Case) -> None:
    with SpecClient(case.start().monitor or "") as client:
        client.begin()
        for given, printed in [*((number, number) for number in SAME), *PRINTED.items()]:
            client.send(f'{{"execute": "nope", "id": {given}}}')
            client.read()
            equal(client.last_line.decode(), f'{{"id": {printed}, {NOPE}}}\r\n', f"echo of {given}")
        for given in TOO_LARGE:
            answers = client.ask(f'{{"execute": "nope", "id": {given}}}')
            equal(len(answers), 1, f"answers to {given[:60]}")
            refused = "id" not in answers[0] and answers[0]["error"]["class"] == "GenericError"
            check(refused, f"answer to {given[:60]}: {answers}")
