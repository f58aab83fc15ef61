"""What every format is read into before its structure is known: a text and its blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cqc_nlp.schema import Label


class BlockKind(Label):
    """How a block is set in the document."""

    PROSE = "prose"
    HEADING = "heading"
    ITEM = "item"
    ROW = "row"
    HEADER_ROW = "header row"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, bullet or table row.

    Attributes
    ----------
    start, end : int
        Character offsets in the text of the document.
    kind : BlockKind
        How it is set.
    level : int
        Of a heading: 1 is the highest. 0 where the format does not say.
    """

    start: int
    end: int
    kind: BlockKind
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file and its blocks, in order and without overlap."""

    text: str
    blocks: tuple[Block, ...]


_YEAR = re.compile(r"\b(?:19|20)\d\d(?:[/–-]\d\d(?:\d\d)?)?\b")

LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00ad": None})
"""What :func:`squash` spells out or leaves out, for ``str.translate``."""

ROW_SEPARATOR = " | "
"""Between the cells of a table row, in every format."""


def is_header(cells: list[str]) -> bool:
    """Whether the first row of a table names its columns: short cells without a full stop or a figure other than a year."""
    return len(cells) > 1 and all(
        len(cell.split()) <= 8 and not any(ch.isdigit() or ch in ".;" for ch in _YEAR.sub("", cell)) for cell in cells
    )


def table_row(cells: Iterable[str], *, first: bool) -> tuple[str, BlockKind] | None:
    """The text and kind of one table row; None if it is empty."""
    filled = [cell for cell in (squash(cell) for cell in cells) if cell]
    if not filled:
        return None
    kind = BlockKind.HEADER_ROW if first and is_header(filled) else BlockKind.ROW
    return ROW_SEPARATOR.join(filled), kind


def squash(text: str) -> str:
    """The text with every run of white space as one space, ligatures spelt out and soft hyphens left out."""
    return " ".join(text.translate(LIGATURES).split())


def compose(parts: Iterable[tuple[str, BlockKind, int]]) -> Document:
    """A document from the texts of its blocks, one a paragraph."""
    text: list[str] = []
    blocks: list[Block] = []
    position = 0
    for part, kind, level in parts:
        if not part:
            continue
        if blocks:
            text.append("\n\n")
            position += 2
        text.append(part)
        blocks.append(Block(position, position + len(part), kind, level))
        position += len(part)
    return Document("".join(text), tuple(blocks))
