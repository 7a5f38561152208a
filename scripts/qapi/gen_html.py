# SPDX-License-Identifier: Apache-2.0
"""The manual as one HTML page that needs nothing else; manual.css is its looks, manual.js filters its index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from .entry import Entry, Item, Part
from .inline import Span
from .manual import CONVENTIONS, SUMMARY, TITLE, Chapter, Manual
from .markup import Block, ExampleBlock, Figure, Heading, ListBlock, LiteralBlock, Note, Paragraph, Table

HERE = Path(__file__).resolve().parent
PARTS = (HERE / "manual.css", HERE / "manual.js")
"""What goes into every page."""
_TAGS = {"strong": "b", "literal": "code", "name": "code", "emphasis": "em", "member": "var", "json": "i"}
_ARROWS = {"client": "->", "server": "<-"}
_TYPES = ("struct", "union", "enum", "alternate")
_WARNINGS = ("deprecated", "unstable")


def render_html(manual: Manual) -> str:
    """The whole page."""
    style, script = (path.read_text(encoding="utf-8").rstrip() for path in PARTS)
    release = f" {manual.release}" if manual.release else ""
    body = "\n".join([*_sidebar(manual), *_main(manual)])
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="{escape(SUMMARY)}">
<title>{escape(TITLE + release)}</title>
<style>
{style}
</style>
</head>
<body>
{body}
<script>
{script}
</script>
</body>
</html>
"""


def _sidebar(manual: Manual) -> Iterable[str]:
    """The index by chapter, and how to filter it."""
    yield '<nav id="index" aria-label="Index">'
    yield "<details open>"
    yield f"<summary>{escape(TITLE)}</summary>"
    yield '<p class="filter" hidden><input id="filter" type="search" placeholder="Filter names (press /)" ' \
          'aria-label="Filter names" autocomplete="off"></p>'
    yield '<ul class="chapters">'
    for chapter in manual.chapters:
        yield f'<li><a class="chapter" href="#{_attribute(chapter.anchor)}">{escape(chapter.title)}</a>'
        parts = [part for part in chapter.content if isinstance(part, (Entry, Heading))]
        if parts:
            yield "<ul>"
            for part in parts:
                kind, name = ("text", part.text) if isinstance(part, Heading) else (part.kind, part.name)
                yield f'<li class="{kind}"><a href="#{_attribute(part.anchor)}">{escape(name)}</a></li>'
            yield "</ul>"
        yield "</li>"
    yield '<li><a class="chapter" href="#alphabetical">Alphabetical index</a></li>'
    yield "</ul>"
    yield "</details>"
    yield "</nav>"


def _main(manual: Manual) -> Iterable[str]:
    release = f' <span class="release">{escape(manual.release)}</span>' if manual.release else ""
    yield "<main>"
    yield f'<header><h1>{escape(TITLE)}{release}</h1>'
    yield f'<p class="summary">{escape(SUMMARY[0].upper() + SUMMARY[1:])}.</p>'
    yield f"<p>{_spans(CONVENTIONS)}</p></header>"
    for chapter in manual.chapters:
        yield from _chapter(chapter)
    yield from _alphabetical(manual)
    yield "</main>"


def _chapter(chapter: Chapter) -> Iterable[str]:
    anchor = _attribute(chapter.anchor)
    yield f'<section class="part" id="{anchor}">'
    yield f'<h2>{escape(chapter.title)}{_permalink(chapter.anchor)}</h2>'
    for part in chapter.content:
        if isinstance(part, Entry):
            yield from _entry(part)
        else:
            yield from _block(part)
    yield "</section>"


def _alphabetical(manual: Manual) -> Iterable[str]:
    yield '<section class="part" id="alphabetical">'
    yield f'<h2>Alphabetical index{_permalink("alphabetical")}</h2>'
    for title, kinds in (("Commands", ("command",)), ("Events", ("event",)), ("Types", _TYPES)):
        entries = manual.index(*kinds)
        if entries:
            yield f"<h3>{title}</h3>"
            yield '<ul class="columns">'
            for entry in entries:
                yield f'<li><a href="#{_attribute(entry.anchor)}"><code>{escape(entry.name)}</code></a></li>'
            yield "</ul>"
    yield "</section>"


def _entry(entry: Entry) -> Iterable[str]:
    yield f'<article class="{entry.kind}" id="{_attribute(entry.anchor)}">'
    yield f'<h3><span class="kind">{entry.label}:</span> <span class="title">{escape(entry.name)}</span>' \
          f'{"".join(_badge(note) for note in entry.notes)}{_since(entry)}{_permalink(entry.anchor)}</h3>'
    kind = "nature" if entry.kind in _TYPES else "signature"
    yield f'<p class="{kind}">{_spans(entry.signature)}</p>'
    for part in entry.parts:
        yield from _part(part)
    if entry.used_by:
        yield f'<p class="users">Used by {", ".join(_span(span) for span in entry.used_by)}</p>'
    yield "</article>"


def _badge(note: str) -> str:
    kind = f"badge {note}" if note in _WARNINGS else "badge"
    return f' <span class="{kind}">{escape(note)}</span>'


def _since(entry: Entry) -> str:
    return f' <span class="since">since {_spans(entry.since)}</span>' if entry.since else ""


def _permalink(anchor: str) -> str:
    return f' <a class="permalink" href="#{_attribute(anchor)}" aria-label="Link to this">#</a>'


def _part(part: Part) -> Iterable[str]:
    if not part.title:
        yield from _blocks(part.blocks)
        return
    kind = f': <span class="type">{_spans(part.type)}</span>' if part.type else ""
    yield f"<h4>{escape(part.title)}{kind}</h4>"
    yield from _blocks(part.blocks)
    if part.items:
        yield "<dl>"
        for item in part.items:
            yield from _item(item)
        yield "</dl>"
    if part.pointers:
        yield '<ul class="pointers">'
        for pointer in part.pointers:
            yield f"<li>{_spans(pointer)}</li>"
        yield "</ul>"


def _item(item: Item) -> Iterable[str]:
    kind = f' <span class="type">{_spans(item.type)}</span>' if item.type else ""
    notes = "".join(_badge(note) for note in item.notes)
    anchor = _attribute(item.anchor)
    yield f'<dt id="{anchor}"><a class="item" href="#{anchor}"><code>{escape(item.name)}</code></a>{kind}{notes}</dt>'
    yield "<dd>"
    yield from _blocks(item.blocks)
    yield "</dd>"


def _blocks(blocks: Sequence[Block]) -> Iterable[str]:
    for block in blocks:
        yield from _block(block)


def _block(block: Block) -> Iterable[str]:
    if isinstance(block, Paragraph):
        yield f"<p>{_spans(block.spans)}</p>"
    elif isinstance(block, ListBlock):
        yield from _list(block)
    elif isinstance(block, LiteralBlock):
        yield f"<pre>{escape(block.text, quote=False)}</pre>"
    elif isinstance(block, ExampleBlock):
        yield from _example(block)
    elif isinstance(block, Note):
        yield '<div class="note">'
        yield "<p><b>Note</b></p>"
        yield from _blocks(block.blocks)
        yield "</div>"
    elif isinstance(block, Figure):
        yield f'<figure class="plot">{block.svg}'
        yield f"<figcaption>{_spans(block.caption)}</figcaption></figure>"
    elif isinstance(block, Heading):
        yield f'<h3 id="{_attribute(block.anchor)}">{escape(block.text)}{_permalink(block.anchor)}</h3>'
    else:
        yield from _table(block)


def _list(block: ListBlock) -> Iterable[str]:
    tag = "ol" if block.ordered else "ul"
    yield f"<{tag}>"
    for item in block.items:
        if len(item) == 1 and isinstance(item[0], Paragraph):
            yield f"<li>{_spans(item[0].spans)}</li>"
        else:
            yield "<li>"
            yield from _blocks(item)
            yield "</li>"
    yield f"</{tag}>"


def _example(block: ExampleBlock) -> Iterable[str]:
    example = block.example
    title = f"Example: {example.title}" if example.title else "Example"
    yield '<figure class="example">'
    after = ""
    if block.after:
        after = f' <span class="after">Continues the example of {", ".join(_span(span) for span in block.after)}</span>'
    yield f"<figcaption>{escape(title)}{after}</figcaption>"
    for message in example.messages:
        arrow, content = escape(_ARROWS[message.direction]), escape(message.text(), quote=False)
        yield f'<pre class="{message.direction}"><b class="arrow">{arrow} </b>{content}</pre>'
    yield "</figure>"


def _table(block: Table) -> Iterable[str]:
    yield '<div class="table"><table>'
    if block.header:
        yield f'<thead><tr>{"".join(f"<th>{_spans(cell)}</th>" for cell in block.header)}</tr></thead>'
    yield "<tbody>"
    for row in block.rows:
        yield f'<tr>{"".join(f"<td>{_spans(cell)}</td>" for cell in row)}</tr>'
    yield "</tbody></table></div>"


def _spans(spans: Sequence[Span]) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    shown = escape(span.text, quote=False)
    if span.kind == "url":
        return f'<a href="{_attribute(span.text)}">{shown}</a>'
    tag = _TAGS.get(span.kind)
    content = f"<{tag}>{shown}</{tag}>" if tag else shown
    return f'<a href="#{_attribute(span.anchor)}">{content}</a>' if span.anchor else content


def _attribute(value: str) -> str:
    return escape(value, quote=True)
