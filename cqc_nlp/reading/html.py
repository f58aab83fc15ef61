"""HTML: block elements in document order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cqc_nlp.errors import UnreadableDocument
from cqc_nlp.reading.document import BlockKind, Document, compose, squash, table_row
from cqc_nlp.reading.encoding import decode_page
from cqc_nlp.reading.limits import DEFAULT_LIMITS, Limits

_SKIPPED = {"script", "style", "head", "nav", "footer", "aside", "noscript", "template", "button", "select", "svg", "iframe"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = {
    "address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "header", "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th", "thead", "tfoot",
    "tr", "ul", *_HEADINGS,
}  # fmt: skip
_BOLD = {"strong", "b"}


_ENTITY = re.compile(r"<!ENTITY\s", re.IGNORECASE)


def read_html(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The blocks of an HTML page, without its navigation, scripts and footer.

    Raises
    ------
    DocumentTooLarge
        If the page has more marks than the limits allow.
    UnreadableDocument
        If it declares entities of its own.
    """
    from bs4 import BeautifulSoup

    page = decode_page(data)
    limits.check("max_characters", len(page), "characters")
    limits.check("max_elements", page.count("<"), "marks")
    if _ENTITY.search(page):
        raise UnreadableDocument("it declares entities, which no browser reads; open it in its own program and save it again as a web page")
    return compose(_parts(BeautifulSoup(page, "lxml")))


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
    rows = [0]  # read so far of each open table
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
                if name == "table":
                    rows.pop()
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
        if name == "table":
            rows.append(0)
        children = node.contents
        if name == "tr":
            rows[-1] += 1
            cells = node.find_all(["td", "th"], recursive=False)
            if len(cells) > 1:
                yield from flush()
                if row := table_row([cell.get_text(" ") for cell in cells], first=rows[-1] == 1):
                    yield row[0], row[1], 0
                # A browser shows what stands in a row outside its cells as well.
                children = [child for child in children if getattr(child, "name", None) not in ("td", "th")]
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
        stack.extend((child, "open") for child in reversed(children))
    yield from flush()
