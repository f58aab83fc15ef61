"""Word documents: paragraphs, tables and text boxes in document order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from cqc_nlp.reading.document import BlockKind, Document, compose, squash, table_row
from cqc_nlp.reading.limits import DEFAULT_LIMITS, Limits
from cqc_nlp.reading.package import check_package

_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre)\s*(\d)", re.IGNORECASE)
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_ALTERNATIVES = (f"{_COMPATIBILITY}Choice", f"{_COMPATIBILITY}Fallback")
_TEXT, _BOX = qn("w:t"), qn("w:txbxContent")
_MARKS = {qn("w:tab"): "\t", qn("w:ptab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_GONE = {qn("w:del"), qn("w:moveFrom")}
_WRAPPERS = {qn(f"w:{name}") for name in ("body", "sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}

Part = tuple[str, BlockKind, int]


def read_docx(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The blocks of a Word document; headers and footers are page furniture and stay out.

    Raises
    ------
    DocumentTooLarge, EncryptedDocument, UnreadableDocument
        Before it is opened, if it would swell, is protected or is no Word file.
    """
    check_package(data, limits)
    document = docx.Document(BytesIO(data))
    return compose(_Reader(document).parts(document.element.body))


class _Reader:
    def __init__(self, document: Any) -> None:
        self._document = document
        self._styles = {style.styleId: style.name_val or "" for style in document.styles.element.style_lst}

    def parts(self, container: Any) -> Iterator[Part]:
        """The blocks of a body, a cell or a text box."""
        for element in _blocks(container):
            if element.tag == qn("w:tbl"):
                yield from self._table(element)
                continue
            found = list(_pieces(element))
            text = "".join(piece for piece in found if isinstance(piece, str))
            kind = self._kind(Paragraph(element, self._document), text)
            for part in text.split("\n\n"):
                yield squash(part), *kind
            for box in found:
                if not isinstance(box, str):
                    yield from self.parts(box)

    def _table(self, table: Any) -> Iterator[Part]:
        above: dict[int, Any] = {}
        rows = [list(_cells(row, above)) for row in table.iter(qn("w:tr")) if _table_of(row) is table]
        # A table of one column is a frame around text, not a row of figures.
        frame = len(table.findall(f"{qn('w:tblGrid')}/{qn('w:gridCol')}")) == 1 or all(len(cells) == 1 for cells in rows)
        for number, cells in enumerate(rows):
            if frame:
                for cell in cells:
                    yield from self.parts(cell)
            else:
                yield from self._row([[part for part in self.parts(cell) if part[0]] for cell in cells], first=number == 0)

    def _row(self, cells: list[list[Part]], *, first: bool) -> Iterator[Part]:
        """A row as one block; bullets and tables inside its cells are blocks of their own."""
        beside: list[list[Part]] = []
        divided = False
        for cell in cells:
            beside.append([])
            for part in cell:
                if part[1] in (BlockKind.PROSE, BlockKind.HEADING):
                    beside[-1].append(part)
                    continue
                divided = True
                yield from _beside(beside, first=False)
                beside = [[]]
                yield part
        yield from _beside(beside, first=first and not divided, alone=divided)

    def _kind(self, paragraph: Paragraph, text: str) -> tuple[BlockKind, int]:
        properties = paragraph._p.pPr
        style = self._styles.get(paragraph._p.style or "", "")
        if match := _HEADING_STYLE.match(style):
            return BlockKind.HEADING, int(match.group(1))
        if style in ("Title", "Subtitle"):
            return BlockKind.HEADING, 1
        if style.startswith("List") or (properties is not None and properties.numPr is not None):
            return BlockKind.ITEM, 0
        runs = [run for run in paragraph.runs if run.text.strip()]
        if runs and all(run.bold for run in runs) and not text.rstrip().endswith((".", "!", "?", ";", ",")):
            return BlockKind.HEADING, 0
        return BlockKind.PROSE, 0


def _beside(cells: list[list[Part]], *, first: bool, alone: bool = True) -> Iterator[Part]:
    """Cells that stand beside each other as a row; one left alone by the bullets around it as what it is."""
    filled = [cell for cell in cells if cell]
    if alone and len(filled) == 1:
        yield from filled[0]
    elif made := table_row([" ".join(text for text, _, _ in cell) for cell in filled], first=first):
        yield *made, 0


def _blocks(container: Any) -> Iterator[Any]:
    """Paragraphs and tables in document order, those in content controls and tracked insertions too."""
    for child in container:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child)
        elif child.tag == f"{_COMPATIBILITY}AlternateContent":
            yield from _blocks(_alternative(child))


def _pieces(paragraph: Any) -> Iterator[Any]:
    """The text of a paragraph as it reads with all changes accepted, and the text boxes that hang on it."""
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag == _TEXT:
            yield node.text or ""
        elif node.tag in _MARKS:
            yield _MARKS[node.tag]
        elif node.tag == _BOX:
            yield node
        elif node.tag == f"{_COMPATIBILITY}AlternateContent":
            stack.extend(reversed(_alternative(node)))
        elif node.tag not in _GONE:
            stack.extend(reversed(node))


def _alternative(node: Any) -> Any:
    """Of the same thing in several forms, the first that holds text: Word writes a text box once for old readers."""
    forms = (form for form in node if form.tag in _ALTERNATIVES)
    return next((form for form in forms if form.find(f".//{_TEXT}") is not None), ())


def _table_of(row: Any) -> Any:
    return next((node for node in row.iterancestors(qn("w:tbl"))), None)


def _cells(row: Any, above: dict[int, Any]) -> Iterator[Any]:
    """The cells of a row; one that is merged with the row above is the cell there.

    A width is a number in the file: cells are never repeated as often as it says.
    """
    column = 0
    for cell in (node for node in row.iter(qn("w:tc")) if next(node.iterancestors(qn("w:tr"))) is row):
        if cell.vMerge == "continue":
            cell_ = above.get(column, cell)
        else:
            cell_ = above[column] = cell
        yield cell_
        column += cell.grid_span
