# SPDX-License-Identifier: Apache-2.0
"""Figures of the manual: SVG files beside the pages that show them, which go into the HTML page as they are."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_FOREIGN = ("script", "style", "image", "foreignObject", "animate", "set", "iframe")
"""Elements that could reach beyond the figure: into the page around it, or to other files."""


class FigureError(Exception):
    """Why a file cannot be shown."""


def read_figure(path: Path) -> str:
    """The `<svg>` element of a file, without what stands around it."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FigureError(f"cannot read it: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FigureError("it is not UTF-8") from error
    if "<!DOCTYPE" in content or "<![CDATA[" in content:
        raise FigureError("it has a document type or a CDATA section")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise FigureError(f"it is not XML: {error}") from error
    _check(root)
    start = re.search(r"<svg[\s>]", content)
    if not start:
        raise FigureError("its elements have a prefix")
    return content[start.start() : content.rindex("</svg>") + len("</svg>")]


def _check(root: ElementTree.Element) -> None:
    if root.tag != f"{_NAMESPACE}svg":
        raise FigureError("it is not SVG")
    if "viewBox" not in root.attrib:
        raise FigureError("it has no viewBox, so it cannot be scaled")
    if root.find(f"{_NAMESPACE}title") is None:
        raise FigureError("it has no title, for those who cannot see it")
    for element in root.iter():
        name = element.tag.removeprefix(_NAMESPACE)
        if name in _FOREIGN or name.startswith("{"):
            raise FigureError(f"it has an element '{name.rpartition('}')[2]}'")
        for key, value in element.attrib.items():
            _check_attribute(key, value)


def _check_attribute(key: str, value: str) -> None:
    """No reference to anything else, nothing that runs."""
    name = key.rpartition("}")[2]
    if name.startswith("on") or name == "style":
        raise FigureError(f"it has an attribute '{name}'")
    if name in ("href", "src") and not value.startswith("#"):
        raise FigureError(f"it refers to '{value}'")
    if re.search(r"url\((?!#)", value):
        raise FigureError(f"it refers to '{value}'")
