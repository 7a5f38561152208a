# SPDX-License-Identifier: Apache-2.0
"""What an IOThread's properties refuse, with object-add and with qom-set: the texts, and that nothing changes."""
from typing import Any

from harness import Case, QmpClient, check, equal

INT64_MAX = 2**63 - 1
POOL = "bad thread-pool-min/thread-pool-max values"
# name: its value in this test, and the largest it takes
NUMBERS = {"poll-max-ns": (1000, INT64_MAX), "poll-grow": (5, INT64_MAX), "poll-shrink": (6, INT64_MAX),
           "poll-weight": (7, 63), "poll-latency-weight": (8, 1000), "stall-limit-ns": (10**10, INT64_MAX),
           "aio-max-batch": (9, INT64_MAX), "thread-pool-min": (2, INT64_MAX), "thread-pool-max": (4, INT64_MAX)}
NO_INTEGERS = ("5", "", True, False, 12.0, 1.5, 1e3, -0.5, None, [], [1], {}, 2**63, -2**63 - 1, 2**64)
# property, value, text; the other one of the pair has its value from above
PAIRS = (("thread-pool-min", 5, POOL), ("thread-pool-min", INT64_MAX, POOL), ("thread-pool-max", 1, POOL),
         ("thread-pool-max", 0, POOL), ("thread-pool-max", 2**31, POOL), ("thread-pool-max", INT64_MAX, POOL))


def refusals() -> list[tuple[str, Any, str]]:
    rows = list(PAIRS)
    for name, (_, most) in NUMBERS.items():
        out_of_range = f"{name} value must be in range [0, {most}]"
        rows += [(name, value, out_of_range) for value in (-1, -2**63)]
        rows += [(name, most + 1, out_of_range)] if most < INT64_MAX else []
        rows += [(name, value, f"Invalid parameter type for '{name}', expected: integer") for value in NO_INTEGERS]
    rows += [("bogus", 1, ""), ("poll-policy", "lucky", "Parameter 'poll-policy' does not accept value 'lucky'"),
             ("poll-policy", 1, "Invalid parameter type for 'poll-policy', expected: string")]
    return rows


def values(qmp: QmpClient) -> dict[str, Any]:
    return {name: qmp.execute("qom-get", {"path": "io0", "property": name}) for name in [*NUMBERS, "poll-policy"]}


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        chosen = {name: value for name, (value, _) in NUMBERS.items()}
        case.add_iothread(qmp, "io0", **{"poll-policy": "classic"}, **chosen)
        before, shown = values(qmp), qmp.execute("query-iothreads")
        equal(before, chosen | {"poll-policy": "classic"}, "what object-add was given")
        for name, value, text in refusals():
            with_qom_set = text or f"Property 'iothread.{name}' not found"
            equal(qmp.refused("qom-set", {"path": "/objects/io0", "property": name, "value": value}), with_qom_set,
                  f"qom-set {name}={value!r}")
            equal(values(qmp), before, f"properties after {name}={value!r}")
            others = {other: chosen[other] for other in ("thread-pool-min", "thread-pool-max")}
            with_object_add = text or f"Parameter '{name}' is unexpected"
            equal(qmp.refused("object-add", {"qom-type": "iothread", "id": "io1"} | others | {name: value}),
                  with_object_add, f"object-add {name}={value!r}")
        equal(qmp.execute("query-iothreads"), shown, "the IOThreads after all refusals")
        check("IO io1" not in daemon.threads().values(), "a refused IOThread has a thread")
        equal(qmp.refused("qom-get", {"path": "io0", "property": "bogus"}), "Property 'iothread.bogus' not found",
              "qom-get")
        accepted(qmp)


def accepted(qmp: QmpClient) -> None:
    """A refusal leaves no error behind, and the bounds themselves are taken."""
    for name, value in (("thread-pool-max", 2**31 - 1), ("thread-pool-min", 0), ("thread-pool-max", 1),
                        ("aio-max-batch", INT64_MAX), ("poll-weight", 63), ("poll-max-ns", INT64_MAX)):
        qmp.execute("qom-set", {"path": "io0", "property": name, "value": value})
        equal(qmp.execute("qom-get", {"path": "io0", "property": name}), value, name)
