#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the manual's figure and table of the polling policies from what `poll_bench --json FILE` wrote.

  poll_plot.py svg FILE -o polling.svg      the figure
  poll_plot.py table FILE polling.json      the table, in place, between its two markers
  poll_plot.py page FILE                    both, in qapi-schema/manual

The same figures give the same bytes.
"""
from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

MANUAL = Path(__file__).resolve().parents[2] / "qapi-schema" / "manual"
BEGIN = "# Written by tests/bench/poll_plot.py, up to the line that says so."
END = "# End of what tests/bench/poll_plot.py writes."
MEASURES = ("cpu_ns", "mean_ns", "p99_ns")
COMPARED = ("predictive", "weighted")
"""The table has the first as a part of the second."""


class Problem(Exception):
    """What the user is told."""


@dataclass(frozen=True)
class Rounds:
    """What one policy made of one trace: each measure, round by round."""

    cpu_ns: list[float]
    mean_ns: list[float]
    p99_ns: list[float]


@dataclass(frozen=True)
class Trace:
    """One kind of arrivals; `policies` by name."""

    name: str
    policies: dict[str, Rounds]


@dataclass(frozen=True)
class Run:
    """A whole run of poll_bench, and where it ran."""

    kernel: str
    model: str
    cpus: int
    ms: int
    rounds: int
    traces: list[Trace]


def load(path: Path) -> Run:
    """Read what poll_bench wrote."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        host = data["host"]
        traces = [Trace(trace["name"], {name: _rounds(found) for name, found in trace["policies"].items()})
                  for trace in data["traces"]]
        run = Run(host["kernel"], host["model"], host["cpus"], data["ms"], data["rounds"], traces)
    except OSError as error:
        raise Problem(f"cannot read '{path}': {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"'{path}' is not what poll_bench --json writes: {error!r}") from error
    if not run.traces or any(set(POLICIES) != set(trace.policies) for trace in run.traces):
        raise Problem(f"'{path}' has no traces, or not all policies in each")
    return run


def _rounds(found: list[dict[str, float]]) -> Rounds:
    """Rejects what has no logarithm."""
    measured = {name: [float(one[name]) for one in found] for name in MEASURES}
    if not found or not all(value > 0 for values in measured.values() for value in values):
        raise ValueError("a figure that is not above 0, or no round")
    return Rounds(**measured)


def geometric_mean(values: list[float]) -> float:
    """Of ratios, and of times that differ by orders of magnitude."""
    return math.exp(sum(map(math.log, values)) / len(values))


# The table.


def ratio(trace: Trace, measure: str) -> float:
    """The median of the ratios, which are formed round by round."""
    ours, reference = (getattr(trace.policies[name], measure) for name in COMPARED)
    return median(one / other for one, other in zip(ours, reference, strict=True))


def table(run: Run) -> str:
    """The table and what stands above it, as a free-form block of documentation."""
    rows = [(trace.name, [ratio(trace, measure) for measure in MEASURES]) for trace in run.traces]
    means = [geometric_mean([ratios[column] for _, ratios in rows]) for column in range(len(MEASURES))]
    width = max(len(name) for name in ["geometric mean", *(name for name, _ in rows)])
    border = "  ".join(["=" * width, *["======"] * len(MEASURES)])
    lines = [
        *_filled(f"Medians of {run.rounds} rounds of {run.ms} ms, in which the policies took turns, on {run.cpus} "
                 f"processors ({run.model}) with {run.kernel}:"),
        "",
        border,
        "  ".join([f"{'Arrivals':{width}}", "CPU   ", "mean  ", "p99"]),
        border,
        *(_row(name, ratios, width) for name, ratios in [*rows, ("geometric mean", means)]),
        border,
    ]
    return "\n".join(["##", *(f"# {line}".rstrip() for line in lines), "##"])


def _row(name: str, ratios: list[float], width: int) -> str:
    return "  ".join([f"{name:{width}}", *(f"{value:<6.2f}" for value in ratios)]).rstrip()


def _filled(text: str) -> list[str]:
    """Lines that fit into a documentation block."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > 66:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines


def with_table(page: str, new: str) -> str:
    """The page with another table between its markers."""
    begin, end = page.find(BEGIN + "\n"), page.find(END + "\n")
    if begin < 0 or end < begin:
        raise Problem("the page has no markers")
    return f"{page[:begin]}{BEGIN}\n\n{new}\n\n{page[end:]}"


# The figure: a small plot for each trace, all with the same axes.

WIDTH = 780
COLUMNS = 4
LEFT, TOP, BOTTOM = 46, 44, 44
PANEL_HEIGHT = 122
TITLE_HEIGHT = 18
GAP = 14
FAINT, SOFT = "0.16", "0.7"


@dataclass(frozen=True)
class Look:
    """How a policy's points are drawn; the shape alone tells them apart."""

    colour: str
    shape: Callable[[float, float], str]
    filled: bool


def _circle(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.4"'


def _square(x: float, y: float) -> str:
    return f'<rect x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2"'


def _triangle(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 4.8:.1f}l4.8 8.4h-9.6z"'


def _diamond(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 5.4:.1f}l5.4 5.4l-5.4 5.4l-5.4 -5.4z"'


POLICIES = {
    "off": Look("currentColor", _circle, False),
    "classic": Look("#009e73", _square, False),
    "weighted": Look("#2f8fd0", _triangle, True),
    "predictive": Look("#d55e00", _diamond, True),
}
"""In the order of the legend. The first are drawn last: what lies below an open shape can be seen."""


@dataclass(frozen=True)
class Axis:
    """Logarithmic; `start` and `length` are where it is drawn."""

    least: float
    most: float
    start: float
    length: float

    def place(self, value: float) -> float:
        return self.start + self.length * math.log(value / self.least) / math.log(self.most / self.least)

    def ticks(self) -> list[float]:
        """1, 2 and 5 of each decade within, fewer if there are many."""
        decades = range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.most)) + 1)
        steps = (1, 2, 5) if math.log10(self.most / self.least) < 1.6 else (1,)
        found = [step * 10.0**decade for decade in decades for step in steps]
        return [tick for tick in found if self.least <= tick <= self.most]


def _bounds(values: list[float]) -> tuple[float, float]:
    """A little more than the values take, and a decade at least."""
    least, most = min(values) / 1.35, max(values) * 1.35
    missing = max(1.0, math.sqrt(10 / (most / least)))
    return least / missing, most * missing


@dataclass(frozen=True)
class Panel:
    """A plot: the point of each policy, in microseconds of CPU and of latency."""

    title: str
    points: dict[str, tuple[float, float]]
    bold: bool = False


def panels(run: Run) -> list[Panel]:
    """One for all traces together, and one for each."""
    each = [Panel(trace.name, {name: (median(found.cpu_ns) / 1000, median(found.mean_ns) / 1000)
                               for name, found in trace.policies.items()}) for trace in run.traces]
    together = {name: (geometric_mean([panel.points[name][0] for panel in each]),
                       geometric_mean([panel.points[name][1] for panel in each])) for name in POLICIES}
    return [Panel("geometric mean of all", together, bold=True), *each]


def svg(run: Run) -> str:
    """The figure. Takes its text colour from where it is shown."""
    plots = panels(run)
    points = [point for plot in plots for point in plot.points.values()]
    rows = math.ceil(len(plots) / COLUMNS)
    height = TOP + rows * (TITLE_HEIGHT + PANEL_HEIGHT) + (rows - 1) * GAP + BOTTOM
    width = (WIDTH - LEFT - (COLUMNS - 1) * GAP - 4) / COLUMNS
    across, up = _bounds([cpu for cpu, _ in points]), _bounds([latency for _, latency in points])
    body: list[str] = list(_legend())
    for index, plot in enumerate(plots):
        row, column = divmod(index, COLUMNS)
        x = Axis(*across, LEFT + column * (width + GAP), width)
        top = TOP + row * (TITLE_HEIGHT + PANEL_HEIGHT + GAP) + TITLE_HEIGHT
        y = Axis(*up, top + PANEL_HEIGHT, -PANEL_HEIGHT)
        last = index + COLUMNS >= len(plots)
        body += _panel(plot, x, y, labels_left=column == 0, labels_below=last)
    body += _axis_titles(height)
    return "\n".join([*_head(run, height), *body, "</svg>", ""])


def _head(run: Run, height: int) -> Iterator[str]:
    yield "<!-- SPDX-License-Identifier: Apache-2.0 -->"
    yield "<!-- Written by tests/bench/poll_plot.py. -->"
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
           f'height="{height}" role="img" aria-labelledby="poll-plot-title poll-plot-desc" '
           'font-family="system-ui, sans-serif" font-size="11" fill="currentColor">')
    yield '<title id="poll-plot-title">Processor time against latency, for the polling policies</title>'
    yield (f'<desc id="poll-plot-desc">{escape(_described(run))}</desc>')


def _described(run: Run) -> str:
    """The figure in words, for those who cannot see it."""
    together = panels(run)[0].points
    means = "; ".join(f"{name}: {cpu:.1f} µs of processor time, {latency:.1f} µs mean latency"
                      for name, (cpu, latency) in together.items())
    return (f"{len(run.traces)} small plots, one for each kind of arrivals, and one of their geometric means.  Each "
            "has a point for each policy; left is less processor time per event, down is less latency.  "
            f"The means: {means}.")


def _legend() -> Iterator[str]:
    x = float(LEFT)
    for name, look in POLICIES.items():
        yield _mark(look, x + 6, 14)
        yield f'<text x="{x + 17:.1f}" y="18" font-size="13">{name}</text>'
        x += 105
    yield (f'<text x="{WIDTH - 4}" y="18" text-anchor="end" font-size="12" opacity="{SOFT}">'
           "better: to the left, and down</text>")


def _mark(look: Look, x: float, y: float) -> str:
    """One point."""
    fill = look.colour if look.filled else "none"
    return f'{look.shape(x, y)} fill="{fill}" stroke="{look.colour}" stroke-width="1.7" stroke-linejoin="round"/>'


def _panel(plot: Panel, x: Axis, y: Axis, *, labels_left: bool, labels_below: bool) -> Iterator[str]:
    top, bottom, right = y.start + y.length, y.start, x.start + x.length
    title = escape(plot.title.replace(" us", " \u00b5s"))
    weight = ' font-weight="700"' if plot.bold else ""
    yield f'<text x="{x.start:.1f}" y="{top - 6:.1f}" font-size="11.5"{weight}>{title}</text>'
    for tick in x.ticks():
        at = x.place(tick)
        yield _line(at, top, at, bottom)
        if labels_below:
            yield f'<text x="{at:.1f}" y="{bottom + 14:.1f}" text-anchor="middle" opacity="{SOFT}">{tick:g}</text>'
    for tick in y.ticks():
        at = y.place(tick)
        yield _line(x.start, at, right, at)
        if labels_left:
            yield f'<text x="{x.start - 5:.1f}" y="{at + 4:.1f}" text-anchor="end" opacity="{SOFT}">{tick:g}</text>'
    yield (f'<rect x="{x.start:.1f}" y="{top:.1f}" width="{x.length:.1f}" height="{-y.length:.1f}" fill="none" '
           f'stroke="currentColor" stroke-opacity="{"0.8" if plot.bold else "0.35"}"/>')
    for name, look in reversed(POLICIES.items()):
        cpu, latency = plot.points[name]
        yield _mark(look, x.place(cpu), y.place(latency))


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="currentColor" stroke-opacity="{FAINT}"/>'


def _axis_titles(height: int) -> Iterator[str]:
    middle = TOP + (height - TOP - BOTTOM) / 2
    yield (f'<text x="{(WIDTH + LEFT) / 2:.1f}" y="{height - 8}" text-anchor="middle" font-size="12">'
           "processor time of the thread per event, µs (logarithmic)</text>")
    yield (f'<text transform="translate(10 {middle:.1f}) rotate(-90)" text-anchor="middle" font-size="12">'
           "mean latency, µs (logarithmic)</text>")


# The command line.


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(f"cannot write '{path}': {error.strerror}") from error


def _write_table(run: Run, page: Path) -> None:
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise Problem(f"cannot read '{page}': {error.strerror}") from error
    _write(page, with_table(text, table(run)))


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the manual's figure and table of the polling policies.")
    modes = parser.add_subparsers(dest="mode", required=True)
    figure = modes.add_parser("svg", help="write the figure")
    figure.add_argument("figures", metavar="FILE", type=Path, help="what poll_bench --json wrote")
    figure.add_argument("-o", "--output", metavar="SVG", type=Path, required=True)
    rows = modes.add_parser("table", help="replace the table of a page")
    rows.add_argument("figures", metavar="FILE", type=Path, help="what poll_bench --json wrote")
    rows.add_argument("page", metavar="PAGE", type=Path)
    both = modes.add_parser("page", help="both, in the manual")
    both.add_argument("figures", metavar="FILE", type=Path, help="what poll_bench --json wrote")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 written, 1 cannot be done, 2 wrong usage."""
    options = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        run = load(options.figures)
        if options.mode in ("svg", "page"):
            _write(options.output if options.mode == "svg" else MANUAL / "polling.svg", svg(run))
        if options.mode in ("table", "page"):
            _write_table(run, options.page if options.mode == "table" else MANUAL / "polling.json")
    except Problem as problem:
        print(f"poll_plot.py: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
