"""Word documents: paragraphs, tables, text boxes and notes in document order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, NamedTuple

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from cqc_nlp.errors import UnreadableDocument
from cqc_nlp.reading.document import LIGATURES, BlockKind, Document, compose, squash, table_row
from cqc_nlp.reading.limits import DEFAULT_LIMITS, Limits
from cqc_nlp.reading.package import check_package

_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre)\s*(\d)", re.IGNORECASE)
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_ALTERNATIVES = (f"{_COMPATIBILITY}Choice", f"{_COMPATIBILITY}Fallback")
_TEXT, _BOX, _ID = qn("w:t"), qn("w:txbxContent"), qn("w:id")
_MARKS = {qn("w:tab"): "\t", qn("w:ptab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_NOTES = {qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote"}
_HUNG = {_BOX, *_NOTES}
_GONE = {qn("w:del"), qn("w:moveFrom")}
_WRAPPERS = {qn(f"w:{name}") for name in ("body", "sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}

Letter = tuple[Any, int]
"""The element of a Word file that prints a character, and which one of its characters it is."""


class Slice(NamedTuple):
    """A part of the text of a paragraph (``w:p``) of a Word file."""

    paragraph: Any
    start: int
    end: int


class Part(NamedTuple):
    """A block, and where in the file it was read: the cells of a table row are several paragraphs."""

    text: str
    kind: BlockKind
    level: int = 0
    origin: tuple[Slice, ...] = ()


def read_docx(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The blocks of a Word document; headers and footers are page furniture and stay out.

    Raises
    ------
    DocumentTooLarge, EncryptedDocument, UnreadableDocument
        Before it is opened, if it would swell, is protected or is no Word file.
    """
    return compose(part[:3] for part in _Reader(open_docx(data, limits)).all())


def open_docx(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Any:
    """A Word document (of python-docx), once it is known to be safe to open."""
    check_package(data, limits)
    return docx.Document(BytesIO(data))


def trace(document: Any) -> tuple[str, list[tuple[Any, int] | None]]:
    """The text of an open Word document as :func:`read_docx` gives it, and where each character stands in the file.

    Returns
    -------
    text : str
    places : list of (paragraph, position) or None
        For each character its paragraph (``w:p``) and its position in :func:`letters` of that; None for white space
        and for what only stands between blocks or the cells of a row.
    """
    parts = [part for part in _Reader(document).all() if part.text]
    read = compose(part[:3] for part in parts)
    places: list[tuple[Any, int] | None] = [None] * len(read.text)
    printed: dict[Any, str] = {}
    for part, block in zip(parts, read.blocks, strict=True):
        at = block.start
        for paragraph, start, end in part.origin:
            if paragraph not in printed:
                printed[paragraph] = _text(_pieces(paragraph))
            for position in range(start, end):
                for char in printed[paragraph][position].translate(LIGATURES).strip():
                    at = read.text.index(char, at)
                    places[at] = (paragraph, position)
                    at += 1
    return read.text, places


def letters(paragraph: Any) -> list[Letter]:
    """What prints each character of the text of a paragraph, those of its text boxes and notes left out."""
    found: list[Letter] = []
    for node in _nodes(paragraph):
        if node.tag == _TEXT:
            found += [(node, index) for index in range(len(node.text or ""))]
        elif node.tag not in _HUNG:
            found.append((node, 0))
    return found


class _Reader:
    def __init__(self, document: Any) -> None:
        self._document = document
        self._styles = {style.styleId: style.name_val or "" for style in document.styles.element.style_lst}
        self._notes = dict(_notes(document.part))

    def all(self) -> Iterator[Part]:
        """The blocks of the document."""
        return self.parts(self._document.element.body)

    def parts(self, container: Any) -> Iterator[Part]:
        """The blocks of a body, a cell, a text box or a note."""
        for element in _blocks(container):
            if element.tag == qn("w:tbl"):
                yield from self._table(element)
                continue
            found = list(_pieces(element))
            text = _text(found)
            kind = self._kind(Paragraph(element, self._document), text)
            start = 0
            for part in text.split("\n\n"):
                yield Part(squash(part), *kind, (Slice(element, start, start + len(part)),))
                start += len(part) + 2
            for hung in found:
                if not isinstance(hung, str):
                    # A note that is named again is not read again: it may name itself.
                    yield from self.parts(hung if hung.tag == _BOX else self._notes.pop((_NOTES[hung.tag], hung.get(_ID)), ()))

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
                yield from self._row([[part for part in self.parts(cell) if part.text] for cell in cells], first=number == 0)

    def _row(self, cells: list[list[Part]], *, first: bool) -> Iterator[Part]:
        """A row as one block; bullets and tables inside its cells are blocks of their own."""
        beside: list[list[Part]] = []
        divided = False
        for cell in cells:
            beside.append([])
            for part in cell:
                if part.kind in (BlockKind.PROSE, BlockKind.HEADING):
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
    elif made := table_row([" ".join(part.text for part in cell) for cell in filled], first=first):
        yield Part(*made, origin=tuple(piece for cell in filled for part in cell for piece in part.origin))


def _notes(part: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """The footnotes and endnotes of a Word file, by kind and number."""
    for relation in part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind in _NOTES.values() and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).findall(qn(f"w:{kind}")):
                yield (str(kind), note.get(_ID) or ""), note


def _blocks(container: Any) -> Iterator[Any]:
    """Paragraphs and tables in document order, those in content controls and tracked insertions too."""
    for child in container:
        if child.tag == qn("w:altChunk"):
            raise UnreadableDocument("it holds another document that only Word can unfold; open it in Word and save it again")
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child)
        elif child.tag == f"{_COMPATIBILITY}AlternateContent":
            yield from _blocks(_alternative(child))


def _pieces(paragraph: Any) -> Iterator[Any]:
    """The text of a paragraph as it reads with all changes accepted, and the text boxes and notes that hang on it."""
    for node in _nodes(paragraph):
        yield node if node.tag in _HUNG else node.text or "" if node.tag == _TEXT else _MARKS[node.tag]


def _text(pieces: Iterable[Any]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _nodes(paragraph: Any) -> Iterator[Any]:
    """The elements that print the text of a paragraph, and the text boxes and notes that hang on it."""
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag == _TEXT or node.tag in _HUNG or node.tag in _MARKS:
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
