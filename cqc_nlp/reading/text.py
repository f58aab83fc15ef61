"""Plain text and Markdown: the text stays as it is, blocks are spans in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cqc_nlp.reading.document import Block, BlockKind, Document, is_header
from cqc_nlp.reading.encoding import BLANKS

# A line ends at LF, CR or CRLF; a form feed divides the pages of an exported text.
_LINE = re.compile(r"[^\r\n\f]+")
_BREAK = re.compile(r"\r\n|[\r\n\f]")
_RULE = re.compile(r"(?:[-*_=~–—]\s*){3,}")
_HEADING = re.compile(rf"(#{{1,6}})[{BLANKS}]+([^{BLANKS}].*)", re.DOTALL)
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_]+)(?<=\S)\1:?")
_ITEM = re.compile(r"(?:[-*+•‣◦▪●·–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_TABLE_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’)\]*_]*$")

# Text that a program wrapped: lines of about this many characters.
_WRAPPED = range(50, 121)


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str

    def after(self, length: int) -> _Line:
        """The line without its first characters."""
        rest = self.text[length:]
        text = rest.lstrip(BLANKS)
        return _Line(self.end - len(text), self.end, text)


def read_plain(text: str) -> Document:
    """The blocks of a plain or Markdown text."""
    blocks: list[Block] = []
    for group in _groups(text):
        blocks.extend(_blocks(group))
    return Document(text, tuple(blocks))


def _groups(text: str) -> Iterator[list[_Line]]:
    """The runs of lines between blank lines."""
    group: list[_Line] = []
    end = 0
    for match in _LINE.finditer(text):
        breaks = len(_BREAK.findall(text, end, match.start()))
        stripped = match.group().strip(BLANKS)
        start = match.start() + (len(match.group()) - len(match.group().lstrip(BLANKS)))
        if group and (breaks > 1 or not stripped or "\f" in text[end : match.start()]):
            yield group
            group = []
        if stripped:
            group.append(_Line(start, start + len(stripped), stripped))
        end = match.end()
    if group:
        yield group


def _blocks(lines: list[_Line]) -> Iterator[Block]:
    width = max(len(line.text) for line in lines)
    previous: Block | None = None
    last: _Line | None = None
    first_row = True
    for number, line in enumerate(lines):
        while line.text.startswith(">"):
            line = line.after(1)
        if not line.text or (_TABLE_RULE.fullmatch(line.text) and "|" in line.text):
            continue
        if _RULE.fullmatch(line.text):
            if previous and previous.kind is BlockKind.PROSE and set(line.text) <= {"=", "-"} and number == 1:
                previous = Block(previous.start, previous.end, BlockKind.HEADING, 1 if "=" in line.text else 2)
            continue
        block = _block(line, first_row=first_row)
        if block.kind in (BlockKind.ROW, BlockKind.HEADER_ROW):
            first_row = False
        if previous and last and block.kind is BlockKind.PROSE and _continues(previous, last, line, width):
            previous = Block(previous.start, block.end, previous.kind)
        else:
            if previous:
                yield previous
            previous = block
        last = line
    if previous:
        yield previous


def _block(line: _Line, *, first_row: bool) -> Block:
    if match := _HEADING.fullmatch(line.text):
        start = line.start + match.start(2)
        return Block(start, start + len(match.group(2).rstrip("#").rstrip(BLANKS)), BlockKind.HEADING, len(match.group(1)))
    if (match := _BOLD.fullmatch(line.text)) and not _SENTENCE_END.search(match.group(2)):
        start = line.start + match.start(2)
        return Block(start, start + len(match.group(2)), BlockKind.HEADING)
    if line.text.startswith("|") and line.text.endswith("|") and len(line.text) > 2:
        inner = line.text[1:-1].strip()
        start = line.start + line.text.index(inner, 1) if inner else line.start
        cells = [cell.strip() for cell in inner.split("|")]
        kind = BlockKind.HEADER_ROW if first_row and is_header(cells) else BlockKind.ROW
        return Block(start, start + len(inner), kind)
    if match := _ITEM.match(line.text):
        rest = line.after(match.end())
        return Block(rest.start, rest.end, BlockKind.ITEM)
    return Block(line.start, line.end, BlockKind.PROSE)


def _continues(previous: Block, last: _Line, line: _Line, width: int) -> bool:
    """Whether a line goes on with the block above because its first word would not have fitted there."""
    if previous.kind not in (BlockKind.PROSE, BlockKind.ITEM):
        return False
    if line.text[0].islower() and not _SENTENCE_END.search(last.text):
        return True
    if last.start == previous.start and not _SENTENCE_END.search(last.text) and line.text[0].isupper() and len(last.text.split()) <= 12:
        return False  # a heading above its text
    return width in _WRAPPED and len(last.text) + 1 + len(line.text.split(maxsplit=1)[0]) > width
