"""HTML: block elements in document order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cqc_nlp.reading.document import BlockKind, Document, compose, squash, table_row

_SKIPPED = {"script", "style", "head", "nav", "footer", "aside", "noscript", "template", "button", "select", "svg", "iframe"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = {
    "address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "header", "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th", "thead", "tfoot",
    "tr", "ul", *_HEADINGS,
}  # fmt: skip
_BOLD = {"strong", "b"}


def read_html(data: bytes | str) -> Document:
    """The blocks of an HTML page, without its navigation, scripts and footer."""
    from bs4 import BeautifulSoup

    # What decodes as UTF-8 is UTF-8; only the rest is left to the page's own declaration and to guessing.
    if isinstance(data, bytes):
        with suppress(UnicodeDecodeError):
            data = data.decode("utf-8-sig")
    soup = BeautifulSoup(data, "lxml")
    return compose(_parts(soup))


def _parts(root: Any) -> Iterator[tuple[str, BlockKind, int]]:
    from bs4.element import CData, NavigableString, Tag

    # An explicit stack: a hostile page may nest deeper than Python recurses.
    text: list[str] = []
    bold: list[bool] = []
    kind, level = BlockKind.PROSE, 0

    def flush() -> Iterator[tuple[str, BlockKind, int]]:
        joined = squash("".join(text))
        if joined:
            if kind is BlockKind.PROSE and bold and all(bold) and joined[-1] not in ".!?;,":
                yield joined.rstrip(":"), BlockKind.HEADING, 0
            else:
                yield joined, kind, level
        text.clear()
        bold.clear()

    stack: list[tuple[object, str]] = [(root, "open")]
    depth_bold = 0
    while stack:
        node, event = stack.pop()
        if isinstance(node, NavigableString):
            if type(node) in (NavigableString, CData):
                text.append(str(node))
                if node.strip():
                    bold.append(depth_bold > 0)
            continue
        if not isinstance(node, Tag):
            continue
        name = node.name
        if event == "close":
            if name in _BOLD:
                depth_bold -= 1
            elif name in _BLOCKS:
                yield from flush()
                kind, level = BlockKind.PROSE, 0
            continue
        if name in _SKIPPED or node.get("hidden") is not None or node.get("aria-hidden") == "true":
            continue
        if name == "br":
            # Two in a row divide paragraphs; one is a space.
            following = node.next_sibling
            while isinstance(following, NavigableString) and not following.strip():
                following = following.next_sibling
            if getattr(following, "name", None) == "br":
                yield from flush()
            text.append(" ")
            continue
        if name == "tr" and len(node.find_all(["td", "th"], recursive=False)) > 1:
            yield from flush()
            cells = [cell.get_text(" ") for cell in node.find_all(["td", "th"], recursive=False)]
            first = (node.find_previous_sibling("tr") is None and node.find_parent("tbody") is None) or _is_first_row(node)
            if row := table_row(cells, first=first):
                yield row[0], row[1], 0
            continue
        if name in _BOLD:
            depth_bold += 1
        elif name in _BLOCKS:
            yield from flush()
            if name in _HEADINGS:
                kind, level = BlockKind.HEADING, _HEADINGS[name]
            elif name == "li":
                kind, level = BlockKind.ITEM, 0
            elif name == "p" and kind is BlockKind.ITEM:
                pass
            else:
                kind, level = BlockKind.PROSE, 0
        stack.append((node, "close"))
        stack.extend((child, "open") for child in reversed(node.contents))
    yield from flush()


def _is_first_row(row: Any) -> bool:
    table = row.find_parent("table")
    return table is not None and bool(table.find("tr") is row)
