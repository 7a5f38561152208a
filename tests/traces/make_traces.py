#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the arrivals that polling policies are judged by:  make_traces.py FILE [EVENTS]

21 traces, each a sequence of events: who fires (a small number) and how many nanoseconds after the event before.
Sources that fire steadily, at random, in bursts and in phases; closed loops of devices at queue depth 1, which have
two sources each (a request comes in, a device is done). The same numbers every time.

FILE gets, for each trace: the length of its name as 4 bytes, the name, the number of events as 4 bytes, and 5 bytes
for each event: 1 for the source, 4 for the gap. Numbers have the least byte first.
"""
import heapq
import math
import random
import struct
import sys
from collections.abc import Callable, Iterator
from itertools import islice

SEED = 1
EVENTS = 20_000
LEAST_NS, MOST_NS = 100, 5e7

Event = tuple[int, float]  # source, gap in ns


def us(value: float) -> float:
    return value * 1000.0


class Arrivals:
    """One stream of random numbers serves all traces, in order: a trace depends on those before it."""

    def __init__(self, events: int):
        self.events = events
        self.random = random.Random(SEED)

    def exponential(self, mean: float) -> float:
        return self.random.expovariate(1 / mean)

    def alone(self, gap: Callable[[int], float]) -> list[Event]:
        """One source; `gap` of the number of the event."""
        return [(0, gap(number)) for number in range(self.events)]

    def steady(self, microseconds: float) -> list[Event]:
        return self.alone(lambda _: us(microseconds) * self.random.uniform(.98, 1.02))

    def bursts(self) -> list[Event]:
        """8 events 3 us apart, then 300 us nothing."""
        return self.alone(lambda number: us(3 if number % 8 else 300) * self.random.uniform(.8, 1.2))

    def phases(self) -> list[Event]:
        """Busy for some 250 events, then quiet for some 25."""
        gaps: list[float] = []
        while len(gaps) < self.events:
            for mean, least, most in ((8, 150, 350), (900, 10, 40)):
                gaps += [self.exponential(us(mean)) for _ in range(self.random.randrange(least, most))]
        return [(0, gap) for gap in gaps[:self.events]]

    def pareto(self) -> list[Event]:
        return self.alone(lambda _: min(us(3) * self.random.paretovariate(1.3), MOST_NS))

    def lognormal(self) -> list[Event]:
        return self.alone(lambda _: min(us(12) * math.exp(self.random.gauss(0, 1.5)), MOST_NS))

    def alternating(self, request: tuple[float, float], device: tuple[float, float]) -> list[Event]:
        """A device at queue depth 1: its gaps and those of its requests take turns; mean and deviation."""
        kinds = request, device
        return [(number & 1, us(self.random.gauss(*kinds[number & 1]))) for number in range(self.events)]

    def independent(self, *means: float) -> list[Event]:
        """Several random sources at the same time."""
        return list(islice(self._merged(means), self.events))

    def _merged(self, means: tuple[float, ...]) -> Iterator[Event]:
        due = [self.exponential(us(mean)) for mean in means]
        now = 0.0
        while True:
            source = min(range(len(due)), key=due.__getitem__)
            gap, now = due[source] - now, due[source]
            due[source] = now + self.exponential(us(means[source]))
            yield source, gap

    def devices(self, count: int, think: float, service: float, deviation: float) -> list[Event]:
        """Several devices at queue depth 1. Even sources are requests, odd ones completions."""
        return list(islice(self._closed_loops(count, us(think), us(service), us(deviation)), self.events))

    def _closed_loops(self, count: int, think: float, service: float, deviation: float) -> Iterator[Event]:
        queue = [(self.exponential(think), 2 * device) for device in range(count)]
        heapq.heapify(queue)
        now = 0.0
        while True:
            when, source = heapq.heappop(queue)
            until = self.exponential(think) if source & 1 else self.random.gauss(service, deviation)
            heapq.heappush(queue, (when + max(us(1), until), source ^ 1))
            gap, now = when - now, when
            yield source, gap


def traces(events: int) -> Iterator[tuple[str, list[Event]]]:
    arrivals = Arrivals(events)
    for gap in (4, 12, 25, 40, 100, 1000):
        yield f"steady {gap} us", arrivals.steady(gap)
    for mean in (5, 20, 60, 300):
        yield f"random {mean} us", arrivals.alone(lambda _, mean=mean: arrivals.exponential(us(mean)))
    yield "bursts 8 x 3 us, 300 us", arrivals.bursts()
    yield "phases 8 us, 900 us", arrivals.phases()
    yield "Pareto 1.3, 3 us", arrivals.pareto()
    yield "lognormal 12 us", arrivals.lognormal()
    yield "request 5 us, device 80 us", arrivals.alternating((5, 1), (80, 4))
    yield "request 10 us, device 18 us", arrivals.alternating((10, 3), (18, 2))
    yield "random 15 us and 400 us", arrivals.independent(15, 400)
    yield "random 150 us twice", arrivals.independent(150, 150)
    yield "2 devices, 20 us, 90 us", arrivals.devices(2, 20, 90, 10)
    yield "4 devices, 40 us, 120 us", arrivals.devices(4, 40, 120, 15)
    yield "16 devices, 60 us, 200 us", arrivals.devices(16, 60, 200, 30)


def main() -> None:
    events = int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS
    with open(sys.argv[1], "wb") as file:
        for name, trace in traces(events):
            text = name.encode()
            file.write(struct.pack("<I", len(text)) + text + struct.pack("<I", len(trace)))
            file.write(b"".join(struct.pack("<BI", source, max(LEAST_NS, int(gap))) for source, gap in trace))


if __name__ == "__main__":
    main()
