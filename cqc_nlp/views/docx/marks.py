"""Shading, underlines and comments in the paragraphs of a Word file, with everything else left as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, NamedTuple

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.run import Run

from cqc_nlp.reading.docx import Letter
from cqc_nlp.views.words import palette

_RUN, _TEXT, _PROPERTIES, _PARAGRAPH = qn("w:r"), qn("w:t"), qn("w:rPr"), qn("w:p")
# What stands after w:u and w:shd in the properties of a run: their order is part of the format.
_AFTER_SHADING = (
    "w:fitText",
    "w:vertAlign",
    "w:rtl",
    "w:cs",
    "w:em",
    "w:lang",
    "w:eastAsianLayout",
    "w:specVanish",
    "w:oMath",
    "w:rPrChange",
)
_AFTER_UNDERLINE = ("w:effect", "w:bdr", "w:shd", *_AFTER_SHADING)
_EMPTY = (("w:shd", "w:fill", ("auto", "ffffff")), ("w:highlight", "w:val", ("none",)), ("w:u", "w:val", ("none",)))
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_READABLE = 4.5  # contrast of text, WCAG 2.2 AA


class Line(NamedTuple):
    """A line of a comment or a legend; with a polarity it bears the mark of that."""

    text: str
    bold: bool = False
    polarity: str | None = None


@cache
def settings() -> dict[str, Any]:
    """How Word files are made (``data/word.json``)."""
    return json.loads(files("cqc_nlp").joinpath("data/word.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def printable(text: str) -> str:
    """The text with the characters that no Word file can hold as U+FFFD.

    Examples
    --------
    >>> printable("Carers\\x1b waited")
    'Carers� waited'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


class Pen:
    """Marks and comments in one open document (of python-docx)."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._styles = {style.styleId: style for style in document.styles.element.style_lst}

    def cut(self, letters: Sequence[Letter], spans: Sequence[tuple[int, int, int]]) -> dict[int, list[Any]]:
        """Divide runs (``w:r``) so that each span of letters has runs of its own.

        Parameters
        ----------
        letters : sequence of (element, index)
            What prints each character of a paragraph (:func:`cqc_nlp.reading.docx.letters`).
        spans : sequence of (start, end, number)
            Where a letter lies in two of them, the first keeps it.

        Returns
        -------
        dict of int to list
            For each number its runs, in order. Formatting and text are those of the run that was divided.
        """
        owners: list[int | None] = [None] * len(letters)
        for start, end, number in spans:
            for position in range(start, end):
                if owners[position] is None:
                    owners[position] = number
        of_element: dict[Any, list[int | None]] = {}
        for (element, _), owner in zip(letters, owners, strict=True):
            of_element.setdefault(element, []).append(owner)
        runs = dict.fromkeys(element.getparent() for element, of in of_element.items() if any(o is not None for o in of))
        found: dict[int, list[Any]] = {}
        for run in runs:
            if run.tag != _RUN:
                continue
            for owner, divided in _divide(run, of_element):
                if owner is not None:
                    found.setdefault(owner, []).append(divided)
        return found

    def paint(self, run: Any, polarity: str) -> None:
        """Shade and underline a run by its polarity; what its author shaded, underlined or set in a light colour stays so."""
        colours = palette()["polarities"].get(str(polarity))
        if colours is None:
            return
        properties = run.get_or_add_rPr()
        fill, mark = colours["light"]["fill"], colours["light"]["mark"]
        _drop_empty(properties)
        own = any(properties.find(qn(tag)) is not None for tag in ("w:shd", "w:highlight"))
        if not own and _contrast(self._text_colour(run), fill) >= _READABLE:
            shading = OxmlElement("w:shd", {qn("w:val"): "clear", qn("w:color"): "auto", qn("w:fill"): fill.lstrip("#").upper()})
            properties.insert_element_before(shading, *_AFTER_SHADING)
        kind = settings()["underline"].get(str(polarity))
        if kind and properties.find(qn("w:u")) is None:
            underline = OxmlElement("w:u", {qn("w:val"): kind, qn("w:color"): mark.lstrip("#").upper()})
            properties.insert_element_before(underline, *_AFTER_UNDERLINE)

    def write(self, paragraph: Any, line: Line) -> None:
        """Add a line to a paragraph (of python-docx)."""
        run = paragraph.add_run(printable(line.text))
        run.bold = line.bold or None
        if line.polarity:
            self.paint(run._r, line.polarity)

    def comment(self, runs: Sequence[Any], lines: Sequence[Line]) -> None:
        """Comment on the text from the first run to the last.

        The marks of the range stand between the parts of the paragraph, never inside a link, a tracked change or a
        text box: those stay as they are.
        """
        comment = self._document.comments.add_comment(author=settings()["author"], initials=settings()["initials"])
        for number, line in enumerate(lines):
            self.write(comment.paragraphs[0] if number == 0 else comment.add_paragraph(), line)
        name = {qn("w:id"): str(comment.comment_id)}
        _part_of_paragraph(runs[0]).addprevious(OxmlElement("w:commentRangeStart", name))
        reference = OxmlElement("w:r")
        reference.append(OxmlElement("w:commentReference", name))
        end = OxmlElement("w:commentRangeEnd", name)
        _part_of_paragraph(runs[-1]).addnext(end)
        end.addnext(reference)

    def _text_colour(self, run: Any) -> str:
        """The colour of the text of a run, from itself or its styles; black where none says."""
        paragraph = next(run.iterancestors(_PARAGRAPH))
        styles = [Run(run, paragraph)._r.style, paragraph.style]
        for properties in (run.rPr, *(p for style in styles for p in self._inherited(style))):
            colour = properties.find(qn("w:color")) if properties is not None else None
            value = colour.get(qn("w:val")) if colour is not None else None
            if value and re.fullmatch("[0-9A-Fa-f]{6}", value):
                return str(value)
        return "000000"

    def _inherited(self, style: str | None) -> list[Any]:
        """The run properties of a style and of those that it is based on."""
        found: list[Any] = []
        seen: set[str] = set()
        while style is not None and style in self._styles and style not in seen:
            seen.add(style)
            element = self._styles[style]
            found.append(element.find(_PROPERTIES))
            based = element.find(qn("w:basedOn"))
            style = based.get(qn("w:val")) if based is not None else None
        return found


def _divide(run: Any, owners: dict[Any, list[int | None]]) -> list[tuple[int | None, Any]]:
    """The run as several, one after the other, each of one owner."""
    pieces: list[tuple[int | None, Any]] = []
    for child in list(run):
        if child.tag == _PROPERTIES:
            continue
        run.remove(child)
        of = owners.get(child, [None])
        if child.tag != _TEXT or len(set(of)) == 1:
            pieces.append((of[0], child))
            continue
        at = 0
        for owner, same in groupby(of):
            length = len(list(same))
            piece = deepcopy(child)
            piece.text = child.text[at : at + length]
            piece.set(qn("xml:space"), "preserve")
            pieces.append((owner, piece))
            at += length
    divided: list[tuple[int | None, Any]] = []
    properties, last = run.rPr, run
    for owner, group in groupby(pieces, key=lambda piece: piece[0]):
        if divided:
            new = OxmlElement("w:r", dict(run.attrib))
            if properties is not None:
                new.append(deepcopy(properties))
            last.addnext(new)
            last = new
        for _, piece in group:
            last.append(piece)
        divided.append((owner, last))
    return divided


def _drop_empty(properties: Any) -> None:
    """Take out shading and underlines that show nothing, as pasted text has them."""
    for tag, attribute, nothing in _EMPTY:
        element = properties.find(qn(tag))
        pattern = element is not None and element.get(qn("w:val"), "clear") not in ("clear", "nil", *nothing)
        if element is not None and not pattern and element.get(qn(attribute), "auto").lower() in nothing:
            properties.remove(element)


def _part_of_paragraph(run: Any) -> Any:
    """The run, or what holds it, that is a child of the paragraph; of a text box, the paragraph that it hangs on."""
    chain = [run, *run.iterancestors()]
    outermost = max(number for number, node in enumerate(chain) if node.tag == _PARAGRAPH)
    return chain[outermost - 1]


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2.2."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
