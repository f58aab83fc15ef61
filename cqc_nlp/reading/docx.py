"""Word documents: paragraphs and tables in document order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from cqc_nlp.reading.document import BlockKind, Document, compose, squash, table_row

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph

_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre)\s*(\d)", re.IGNORECASE)


def read_docx(data: bytes) -> Document:
    """The blocks of a Word document; headers and footers are page furniture and stay out."""
    import docx

    return compose(_parts(docx.Document(BytesIO(data))))


def _parts(container: Any) -> Iterator[tuple[str, BlockKind, int]]:
    from docx.table import Table

    for item in container.iter_inner_content():
        if isinstance(item, Table):
            yield from _rows(item)
        else:
            for text in item.text.split("\n\n"):
                yield squash(text), *_kind(item)


def _rows(table: Any) -> Iterator[tuple[str, BlockKind, int]]:
    # A table of one column is a frame around text, not a row of figures.
    if len(table.columns) == 1:
        for row in table.rows:
            for cell in row.cells:
                yield from _parts(cell)
        return
    for number, row in enumerate(table.rows):
        cells = list({id(cell._tc): cell.text for cell in row.cells}.values())  # a merged cell comes once
        if made := table_row(cells, first=number == 0):
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
