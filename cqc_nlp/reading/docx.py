"""Word documents: paragraphs and tables in document order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from cqc_nlp.reading.document import BlockKind, Document, compose, squash, table_row

_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre)\s*(\d)", re.IGNORECASE)


def read_docx(data: bytes) -> Document:
    """The blocks of a Word document; headers and footers are page furniture and stay out."""
    return compose(_parts(docx.Document(BytesIO(data))))


def _parts(container: Any) -> Iterator[tuple[str, BlockKind, int]]:
    for item in _items(container, container._element):
        if isinstance(item, Table):
            yield from _rows(item)
        else:
            for text in _text(item._p).split("\n\n"):
                yield squash(text), *_kind(item)


def _items(container: Any, element: Any) -> Iterator[Paragraph | Table]:
    """Paragraphs and tables in document order, those in content controls and tracked insertions too."""
    for child in element:
        if child.tag == qn("w:p"):
            yield Paragraph(child, container)
        elif child.tag == qn("w:tbl"):
            yield Table(child, container)
        elif child.tag in (qn("w:body"), qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _items(container, child)


def _text(element: Any) -> str:
    """The text of a paragraph as it reads with all changes accepted."""
    found = element.xpath(
        ".//*[self::w:t or self::w:tab or self::w:br or self::w:cr or self::w:noBreakHyphen]"
        "[not(ancestor::w:del)][not(ancestor::*[local-name()='Fallback'])]"
    )
    marks = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    return "".join(marks.get(node.tag, node.text or "") for node in found)


def _rows(table: Table) -> Iterator[tuple[str, BlockKind, int]]:
    # A table of one column is a frame around text, not a row of figures.
    if len(table.columns) == 1:
        for row in table.rows:
            for cell in row.cells:
                yield from _parts(cell)
        return
    for number, row in enumerate(table.rows):
        cells = {
            id(cell._tc): " ".join(_text(item._p) for item in _items(cell, cell._tc) if isinstance(item, Paragraph)) for cell in row.cells
        }
        if made := table_row(cells.values(), first=number == 0):  # a merged cell comes once
            yield *made, 0


def _kind(paragraph: Paragraph) -> tuple[BlockKind, int]:
    style = paragraph.style.name or "" if paragraph.style is not None else ""
    if match := _HEADING_STYLE.match(style):
        return BlockKind.HEADING, int(match.group(1))
    if style in ("Title", "Subtitle"):
        return BlockKind.HEADING, 1
    if style.startswith("List") or (paragraph._p.pPr is not None and paragraph._p.pPr.numPr is not None):
        return BlockKind.ITEM, 0
    runs = [run for run in paragraph.runs if run.text.strip()]
    if runs and all(run.bold for run in runs) and not paragraph.text.rstrip().endswith((".", "!", "?", ";", ",")):
        return BlockKind.HEADING, 0
    return BlockKind.PROSE, 0
