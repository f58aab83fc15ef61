"""PDF: lines from the positions of their pieces, paragraphs and headings from spacing and type."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from cqc_nlp.errors import DocumentTooLarge, EncryptedDocument, UnreadableDocument
from cqc_nlp.reading.document import ROW_SEPARATOR, BlockKind, Document, compose, is_header, squash
from cqc_nlp.reading.limits import DEFAULT_LIMITS, Limits

_BOLD = re.compile(r"bold|black|heavy|semibd|demi", re.IGNORECASE)
_BULLET = re.compile(r"[•‣◦▪●·–\uf0b7\uf0a7\x7fo](?:\s+|$)")
_NUMBERED = re.compile(r"\(?(?:\d{1,2}|[a-z])[.)]\s+(?=\S)")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’)\]*]*$")
_PAGE_NUMBER = re.compile(r"(?:page\s*)?\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?|[-–]\s*\d{1,4}\s*[-–]", re.IGNORECASE)
_HYPHENATED = re.compile(r"(\w+)-$")

# Of the size of the type: a wider gap between two lines divides paragraphs; a wider gap inside one, cells.
_PARAGRAPH_GAP = 1.18
_CELL_GAP = 1.6
_CHARACTER_WIDTH = 0.5
_LARGER = 1.08
# Bytes at the end of the file among which its end mark stands.
_TAIL = 4096
# No more bytes than nothing at all may be packed into.
_NOTHING = 16
# pypdf leaves out what it cannot read and only writes to its log; these are the entries that say so.
_LEFT_OUT = re.compile(
    r"Impossible to decode XFormObject|Expected StreamObject|while decompressing|Object \d+ \d+ not defined|"
    r"Exceeded \d+ form XObject invocations|Pdf\w*Error\("
)
# Characters of a font that does not say which letters they are. Icons are such too: a page is lost if there are more than
# these, and more than this share of it.
_UNKNOWN = re.compile(r"[\ufffd\x00-\x08\x0e-\x1f]")
_MOST_UNKNOWN = 40
_MOST_UNKNOWN_SHARE = 1 / 3


@dataclass(slots=True)
class _Line:
    """One printed line."""

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool
    right: float = 0.0
    cells: tuple[str, ...] = ()


def read_pdf(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The blocks of a PDF with a text layer.

    Raises
    ------
    EncryptedDocument
        If it opens with a password only.
    DocumentTooLarge
        If it has more pages or text, or takes longer, than the limits allow.
    UnreadableDocument
        If it is cut off, lacks a page, can be read in part only, or has pages but no text: a scan.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, WrongPasswordError

    if b"%%EOF" not in data.rstrip(b"\0\r\n\t ")[-_TAIL:]:
        raise UnreadableDocument("it is broken: its end is missing, and pages may be too; fetch or save it again")
    clock = limits.clock()
    lines: list[_Line] = []
    characters = 0
    where = "a part of it"
    with _LogEntries() as entries:
        try:
            reader = PdfReader(BytesIO(data))
            entries.clear()
            pages = reader.pages
            limits.check("max_pages", len(pages), "pages")
            _check_tree(reader, len(pages))
            _check_log(entries, where)
            for number, page in enumerate(pages):
                where = f"page {number + 1}"
                clock()
                _lend_fonts(page)
                entries.clear()  # what is lacking and not drawn is no loss
                _check_contents(page, limits)
                found = _lines(page, number, clock)
                _check_log(entries, where)
                text = "".join(line.text for line in found)
                _check_letters(text, where)
                characters += len(text)
                limits.check("max_characters", characters, "characters")
                lines += found
        except (FileNotDecryptedError, WrongPasswordError, DependencyError) as error:
            raise EncryptedDocument("it is protected by a password; save a copy without one and read that") from error
        except LimitReachedError as error:
            raise DocumentTooLarge(f"{where} unpacks to more than any report holds; use the Word file, or print it to a new PDF") from error
    if not lines:
        raise UnreadableDocument("its pages hold no text, as in a scan; run text recognition (OCR) on it first, or use the Word file")
    return compose(_blocks(_body(lines)))


class _LogEntries(logging.Handler):
    """What pypdf writes to its log in this thread meanwhile; without a log of the caller's, it would be printed."""

    def __enter__(self) -> list[str]:
        self._entries: list[str] = []
        self._thread = threading.get_ident()
        logging.getLogger("pypdf").addHandler(self)
        return self._entries

    def __exit__(self, *_: object) -> None:
        logging.getLogger("pypdf").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._entries.append(record.getMessage())


def _check_log(entries: list[str], where: str) -> None:
    if any(_LEFT_OUT.search(entry) for entry in entries):
        raise UnreadableDocument(f"{where} can be read in part only; use the Word file, or print it to a new PDF")


def _check_letters(text: str, where: str) -> None:
    unknown = len(_UNKNOWN.findall(text))
    if unknown > max(_MOST_UNKNOWN, _MOST_UNKNOWN_SHARE * len(text)):
        raise UnreadableDocument(f"the letters of {where} cannot be told; run text recognition (OCR) on it, or use the Word file")


def _check_tree(reader: Any, found: int) -> None:
    """Refuse a file that says that it has more pages than its page tree leads to: pypdf passes over what is no page."""
    stated = reader.root_object["/Pages"].get("/Count")
    if isinstance(stated, int) and stated > found:
        raise UnreadableDocument(f"it is broken: of {stated:,} pages only {found:,} can be found; fetch or save it again")


def _lend_fonts(page: Any) -> None:
    """Give the drawings of a page that have no fonts of their own those of the page, as viewers do and pypdf does not."""
    from pypdf.generic import DictionaryObject, NameObject

    resources = page.get("/Resources", DictionaryObject()).get_object()
    drawings = resources.get("/XObject", DictionaryObject()).get_object() if isinstance(resources, DictionaryObject) else ()
    for drawing in drawings.values() if isinstance(drawings, DictionaryObject) else ():
        form = drawing.get_object()
        if isinstance(form, DictionaryObject) and form.get("/Subtype") == "/Form" and "/Resources" not in form:
            form[NameObject("/Resources")] = resources


def _check_contents(page: Any, limits: Limits) -> None:
    """Refuse a page with a stream that is lost or that swells: each may, or one may be named many times."""
    from pypdf.generic import NullObject, StreamObject

    contents = page.get("/Contents", NullObject()).get_object()
    size = 0
    for part in contents if isinstance(contents, list) else [contents]:
        stream = part and part.get_object()
        if stream is None or isinstance(stream, NullObject):  # one that is not there is in pypdf's log
            continue
        content = stream.get_data() if isinstance(stream, StreamObject) else b""
        if not content and len(getattr(stream, "_data", bytes(_NOTHING + 1))) > _NOTHING:
            raise UnreadableDocument("it is broken: the text of a page cannot be unpacked; fetch or save it again")
        size += len(content)
        limits.check("max_unpacked_bytes", size, "bytes on one page")


def _lines(page: Any, number: int, clock: Callable[[], None]) -> list[_Line]:
    lines: list[_Line] = []
    pieces: list[tuple[str, float, float, float, bool]] = []

    def finish() -> None:
        if line := _line(pieces, number):
            lines.append(line)
        pieces.clear()

    def visit(text: str, cm: Any, tm: Any, font: Any, size: Any) -> None:
        clock()
        if not text:
            return
        x = float(cm[0] * tm[4] + cm[2] * tm[5] + cm[4])
        y = float(cm[1] * tm[4] + cm[3] * tm[5] + cm[5])
        scale = abs(float(tm[3])) * abs(float(cm[3])) or 1.0
        bold = bool(font) and bool(_BOLD.search(str(font.get("/BaseFont", ""))))
        for part in re.split(r"(\n)", text):
            if part == "\n":
                finish()
            elif part:
                pieces.append((part, x, y, float(size) * scale, bold))

    page.extract_text(visitor_text=visit)
    finish()
    return _same_row(lines)


def _line(pieces: list[tuple[str, float, float, float, bool]], page: int) -> _Line | None:
    printed = [piece for piece in pieces if piece[0].strip()]
    if not printed:
        return None
    text = squash("".join(piece[0] for piece in pieces))
    size = max(piece[3] for piece in printed)
    right = max(piece[1] + len(piece[0]) * piece[3] * _CHARACTER_WIDTH for piece in printed)
    return _Line(text, page, min(piece[1] for piece in printed), printed[0][2], size, all(piece[4] for piece in printed), right, (text,))


def _same_row(lines: list[_Line]) -> list[_Line]:
    """Lines that stand beside each other, as the cells of a table do, as one."""
    rows: list[_Line] = []
    for line in lines:
        above = rows[-1] if rows else None
        if above and abs(above.y - line.y) < 0.3 * line.size and line.x > above.x:
            if line.x - above.right > _CELL_GAP * line.size or _BULLET.fullmatch(above.text) is None:
                above.cells = (*above.cells, line.text)
                above.text = ROW_SEPARATOR.join(above.cells)
            else:
                above.text = f"{above.text} {line.text}"
                above.cells = (above.text,)
            above.right = max(above.right, line.right)
            above.bold = above.bold and line.bold
        else:
            rows.append(line)
    return rows


def _body(lines: list[_Line]) -> list[_Line]:
    """The lines without page numbers and without what stands at the edge of most pages."""
    pages = {line.page for line in lines}
    edges: Counter[str] = Counter()
    at_edge: set[int] = set()
    for _, group in groupby(lines, key=lambda line: line.page):
        here = list(group)
        for line in {id(line): line for line in (*here[:2], *here[-2:])}.values():
            edges[_mask(line.text)] += 1
            at_edge.add(id(line))
    often = max(2, len(pages) // 2 + 1)
    return [
        line
        for line in lines
        if not (id(line) in at_edge and (_PAGE_NUMBER.fullmatch(line.text) or (len(pages) > 2 and edges[_mask(line.text)] >= often)))
    ]


def _mask(text: str) -> str:
    return re.sub(r"\d+", "0", text)


def _blocks(lines: list[_Line]) -> Iterator[tuple[str, BlockKind, int]]:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 1.0
    larger = sorted({round(line.size, 1) for line in lines if line.size > body * _LARGER}, reverse=True)
    pitch = _pitch(lines)
    right = max((line.right for line in lines), default=0.0)
    words = {word for line in lines for word in re.findall(r"\w+", line.text.lower())}

    block: list[_Line] = []
    first_row = True
    for line in lines:
        if len(line.cells) > 1:
            if block:
                yield _block(block, body, larger, words)
                block = []
            kind = BlockKind.HEADER_ROW if first_row and is_header(list(line.cells)) else BlockKind.ROW
            first_row = False
            yield line.text, kind, 0
            continue
        first_row = True
        if block and not _continues(block[-1], line, body, pitch, right):
            yield _block(block, body, larger, words)
            block = []
        block.append(line)
    if block:
        yield _block(block, body, larger, words)


def _pitch(lines: list[_Line]) -> float:
    """The usual distance between two lines of a paragraph, as a multiple of the size of the type."""
    gaps = [
        (above.y - line.y) / line.size
        for above, line in pairwise(lines)
        if above.page == line.page and 0 < above.y - line.y < 2.2 * line.size and not _SENTENCE_END.search(above.text)
    ]
    return median(gaps) if gaps else 1.2


def _continues(above: _Line, line: _Line, body: float, pitch: float, right: float) -> bool:
    if _BULLET.match(line.text) or (_NUMBERED.match(line.text) and _SENTENCE_END.search(above.text)):
        return False
    if round(above.size, 1) != round(line.size, 1) or _heading_like(above, body) != _heading_like(line, body):
        return False
    if above.page != line.page or line.y > above.y:
        return not _SENTENCE_END.search(above.text) and not _heading_like(line, body)
    if (above.y - line.y) / line.size > pitch * _PARAGRAPH_GAP:
        return False
    # A sentence that ends well before the margin ends its paragraph.
    return not (_SENTENCE_END.search(above.text) and above.right < 0.75 * right and not line.text[0].islower())


def _heading_like(line: _Line, body: float) -> bool:
    return line.size > body * _LARGER or line.bold


def _block(lines: list[_Line], body: float, larger: list[float], words: set[str]) -> tuple[str, BlockKind, int]:
    text = lines[0].text
    for line in lines[1:]:
        match = _HYPHENATED.search(text)
        if match and line.text[0].islower():
            rest = re.match(r"\w+", line.text)
            divided = rest is not None and (match.group(1) + rest.group()).lower() in words
            text = (text[:-1] if divided else text) + line.text
        else:
            text = f"{text} {line.text}"
    if all(_heading_like(line, body) for line in lines) and (lines[0].size > body * _LARGER or not _SENTENCE_END.search(text)):
        size = round(lines[0].size, 1)
        return text, BlockKind.HEADING, larger.index(size) + 1 if size in larger else 0
    if match := _BULLET.match(text) or _NUMBERED.match(text):
        return text[match.end() :], BlockKind.ITEM, 0
    return text, BlockKind.PROSE, 0
