# SPDX-License-Identifier: Apache-2.0
"""tests/bench/poll_plot.py: the figure and the table of the polling policies."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "bench"), str(ROOT / "scripts")]

import poll_plot  # noqa: E402
from qapi.figures import read_figure  # noqa: E402
from qapi.main import load, manual_files  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def rounds(*cpu: float, latency: float = 1000) -> list[dict[str, float]]:
    """Rounds with these figures; the 99th percentile is twice the mean."""
    return [{"cpu_ns": one, "mean_ns": latency, "p99_ns": 2 * latency, "polled_percent": 0} for one in cpu]


def trace(name: str, predictive: list[dict[str, float]]) -> dict[str, Any]:
    """A trace in which the others always have the same figures."""
    return {"name": name, "events": 10, "policies": {
        "off": rounds(2000, 2000, 2000, latency=40_000), "classic": rounds(3000, 3000, 3000, latency=20_000),
        "weighted": rounds(8000, 4000, 4000, latency=10_000), "predictive": predictive}}


RUN: dict[str, Any] = {
    "host": {"kernel": "Linux 6.18", "cpus": 2, "model": "Some <CPU> & more"}, "ms": 300, "rounds": 3,
    "traces": [trace("steady 4 us", rounds(8000, 8000, 2000, latency=5000)),
               trace("random 5 us", rounds(32000, 4000, 8000, latency=10_000))]}
PAGE = f"before\n\n{poll_plot.BEGIN}\n\nold\n\n{poll_plot.END}\n\nafter\n"


class PlotTest(unittest.TestCase):
    """With a directory of its own."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="poll-plot-")
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)

    def write(self, run: object) -> str:
        """A file with the figures of a run."""
        path = self.dir / "figures.json"
        path.write_text(json.dumps(run), encoding="utf-8")
        return str(path)

    def run_tool(self, *arguments: str) -> tuple[int, str]:
        """Exit status, and what it says."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            return poll_plot.main(list(arguments)), said.getvalue()

    def svg(self, run: object) -> str:
        """The figure."""
        target = self.dir / "out.svg"
        self.assertEqual(self.run_tool("svg", self.write(run), "-o", str(target)), (0, ""))
        return target.read_text(encoding="utf-8")

    def page(self, run: object, page: str = PAGE) -> str:
        """A page after its table was replaced."""
        target = self.dir / "page.json"
        target.write_text(page, encoding="utf-8")
        self.assertEqual(self.run_tool("table", self.write(run), str(target)), (0, ""))
        return target.read_text(encoding="utf-8")


class TableTest(PlotTest):
    """What stands between the markers of the page."""

    def test_ratios_are_formed_round_by_round(self) -> None:
        text = self.page(RUN)
        self.assertIn("# steady 4 us     1.00    0.50    0.50\n", text)  # 1, 2, 0.5
        self.assertIn("# random 5 us     2.00    1.00    1.00\n", text)  # 4, 1, 2
        self.assertIn("# geometric mean  1.41    0.71    0.71\n", text)
        self.assertIn("# Medians of 3 rounds of 300 ms, in which the policies took turns,\n", text)

    def test_the_rest_of_the_page_stays(self) -> None:
        text = self.page(RUN)
        self.assertTrue(text.startswith(f"before\n\n{poll_plot.BEGIN}\n\n##\n"), text)
        self.assertTrue(text.endswith(f"\n##\n\n{poll_plot.END}\n\nafter\n"), text)
        self.assertNotIn("old", text)
        self.assertEqual(self.page(RUN, text), text)

    def test_the_generator_takes_it(self) -> None:
        page = PAGE.replace("before", "##\n# = Title\n##").replace("after", "##\n# Text.\n##")
        html = manual_files(load_page(self.dir, self.page(RUN, page)), "x", "")["x.html"]
        self.assertIn("<th>Arrivals</th><th>CPU</th><th>mean</th><th>p99</th>", html)
        self.assertIn("<td>geometric mean</td><td>1.41</td>", html)
        self.assertIn("(Some &lt;CPU&gt; &amp; more)", html)

    def test_a_page_without_markers_stays_as_it_is(self) -> None:
        for page in ("", PAGE.replace(poll_plot.END, ""), f"{poll_plot.END}\n{poll_plot.BEGIN}\n"):
            target = self.dir / "page.json"
            target.write_text(page, encoding="utf-8")
            status, said = self.run_tool("table", self.write(RUN), str(target))
            self.assertEqual((status, said), (1, "poll_plot.py: the page has no markers\n"))
            self.assertEqual(target.read_text(encoding="utf-8"), page)


def load_page(directory: Path, page: str) -> Any:
    """The schema that consists of a page."""
    path = directory / "schema.json"
    path.write_text(page, encoding="utf-8")
    return load(str(path))


class FigureTest(PlotTest):
    """The SVG file."""

    def marks(self, text: str, colour: str) -> list[tuple[float, float]]:
        """Where the points of a policy are, the legend's first."""
        found = re.findall(rf'<path d="M([\d.]+) ([\d.]+)l[^"]*" fill="{colour}"', text)
        return [(float(x), float(y)) for x, y in found]

    def test_the_same_figures_give_the_same_bytes(self) -> None:
        self.assertEqual(self.svg(RUN), self.svg(copy.deepcopy(RUN)))

    def test_it_can_go_into_the_manual(self) -> None:
        path = self.dir / "out.svg"
        text = self.svg(RUN)
        self.assertIn("<svg", read_figure(path))
        root = ElementTree.fromstring(text)
        self.assertLessEqual(float(root.attrib["width"]), 800)
        self.assertEqual(root.attrib["aria-labelledby"].split(), [
            root.find(f"{SVG}{name}").attrib["id"] for name in ("title", "desc")])  # type: ignore[union-attr]
        self.assertNotRegex(text, r"url\(|href|<style|<script|[Ff]ont-face")

    def test_each_trace_has_a_plot_and_all_have_one(self) -> None:
        root = ElementTree.fromstring(self.svg(RUN))
        texts = [element.text for element in root.iter(f"{SVG}text")]
        for title in ("geometric mean of all", "steady 4 \u00b5s", "random 5 \u00b5s"):
            self.assertEqual(texts.count(title), 1, title)
        for name in poll_plot.POLICIES:
            self.assertEqual(texts.count(name), 1, f"{name} in the legend")

    def test_shapes_differ(self) -> None:
        shapes = {re.sub(r"[\d.-]+", "", look.shape(1, 1)) + str(look.filled) for look in poll_plot.POLICIES.values()}
        self.assertEqual(len(shapes), len(poll_plot.POLICIES))

    def test_less_is_to_the_left_and_down(self) -> None:
        text = self.svg(RUN)
        weighted = self.marks(text, poll_plot.POLICIES["weighted"].colour)
        predictive = self.marks(text, poll_plot.POLICIES["predictive"].colour)
        self.assertEqual((len(weighted), len(predictive)), (4, 4))
        self.assertLess(weighted[2][0], predictive[2][0], "4000 ns against 8000 ns of processor time")
        self.assertLess(weighted[2][1], predictive[2][1], "10000 ns against 5000 ns of latency: y grows downwards")

    def test_all_points_are_inside(self) -> None:
        run = copy.deepcopy(RUN)
        run["traces"][0]["policies"]["predictive"] = rounds(90, 90, 90, latency=9e6)
        root = ElementTree.fromstring(self.svg(run))
        height = float(root.attrib["height"])
        frames = [tuple(float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
                  for rect in root.iter(f"{SVG}rect") if rect.attrib.get("stroke") == "currentColor"]
        self.assertEqual(len(frames), 3)
        for circle in list(root.iter(f"{SVG}circle"))[1:]:
            x, y = float(circle.attrib["cx"]), float(circle.attrib["cy"])
            self.assertTrue(any(left < x < left + width and top < y < top + tall
                                for left, top, width, tall in frames), (x, y))
            self.assertLess(y, height)

    def test_figures_that_are_all_the_same_can_be_drawn(self) -> None:
        run = copy.deepcopy(RUN)
        run["traces"] = [run["traces"][0]]
        run["traces"][0]["policies"] = {name: rounds(1000) for name in poll_plot.POLICIES}
        self.svg(run)


class ErrorTest(PlotTest):
    """What is no output of poll_bench."""

    def test_wrong_figures(self) -> None:
        def without(key: str) -> dict[str, Any]:
            return {name: value for name, value in RUN.items() if name != key}

        three = copy.deepcopy(RUN)
        del three["traces"][0]["policies"]["off"]
        zero = copy.deepcopy(RUN)
        zero["traces"][0]["policies"]["off"] = rounds(0)
        for run in ([], 5, {}, without("host"), without("traces"), RUN | {"traces": []}, three, zero):
            with self.subTest(run=run):
                status, said = self.run_tool("svg", self.write(run), "-o", str(self.dir / "out.svg"))
                self.assertEqual(status, 1)
                self.assertRegex(said, r"^poll_plot\.py: '.*figures\.json' .*\n$")
                self.assertFalse((self.dir / "out.svg").exists())

    def test_files_that_cannot_be_used(self) -> None:
        status, said = self.run_tool("svg", str(self.dir / "none"), "-o", str(self.dir / "out.svg"))
        self.assertEqual((status, said[-28:]), (1, "': No such file or directory\n"[-28:]))
        status, said = self.run_tool("svg", self.write(RUN), "-o", str(self.dir))
        self.assertEqual((status, "Is a directory" in said), (1, True))


class PageTest(unittest.TestCase):
    """The manual's own page."""

    def test_it_has_the_markers_and_all_arrivals(self) -> None:
        text = (poll_plot.MANUAL / "polling.json").read_text(encoding="utf-8")
        rows = text[text.index(poll_plot.BEGIN):text.index(poll_plot.END)]
        figure = (poll_plot.MANUAL / "polling.svg").read_text(encoding="utf-8")
        names = re.findall(r"(?m)^# (\w.+?)  +\d+\.\d\d  +\d+\.\d\d +\d+\.\d\d$", rows)
        self.assertEqual(len(names), 22)
        for name in names[:-1]:
            self.assertIn(">" + name.replace(" us", " \u00b5s") + "<", figure)


if __name__ == "__main__":
    unittest.main()
