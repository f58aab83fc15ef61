"""A report cut up for reading: headings, paragraphs with their statements, and the rest of its text, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

from cqc_nlp.schema import Report, Section, Statement


class PassageKind(Enum):
    """What a passage is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading, a paragraph, or text that no statement was looked for in: title, score line, page furniture.

    Attributes
    ----------
    kind : PassageKind
    parts : tuple of str or (int, Statement)
        Its text: plain parts, and statements with their position among all.
    section : Section or None
        The section of a paragraph or heading.
    level : int
        Of an aside that is set as a heading in Markdown, 1 to 6; else 0.
    """

    kind: PassageKind
    parts: tuple[str | tuple[int, Statement], ...]
    section: Section | None = field(default=None)
    level: int = 0

    @property
    def text(self) -> str:
        """Its text without marks of any kind."""
        return "".join(part if isinstance(part, str) else part[1].text for part in self.parts)


_HASHES = re.compile(r"\s*(#{1,6})\s+")


def passages(report: Report, statements: Sequence[Statement]) -> Iterator[Passage]:
    """Everything that the report says, once and in order; only white space between passages is left out.

    Parameters
    ----------
    report : Report
    statements : sequence of Statement
        Its tagged statements, in order.

    Examples
    --------
    >>> from cqc_nlp import assess
    >>> made = assess("# Our draft\\n\\nCarers waited. We plan a hub.", model="fast")
    >>> [(passage.kind.value, passage.text) for passage in passages(made.report, made.statements)]
    [('heading', 'Our draft'), ('paragraph', 'Carers waited. We plan a hub.')]
    """
    within = {number: list(group) for number, group in groupby(enumerate(statements), key=lambda row: row[1].paragraph)}
    headings = {section.start: section for section in report.sections if section.heading}
    position, lead = 0, ""
    order = sorted(enumerate(report.paragraphs), key=lambda row: row[1].start)
    for number, paragraph in order:
        tail, between, lead = _between(report.text, position, paragraph.start)
        if tail:
            yield Passage(PassageKind.ASIDE, (tail,))
        yield from _asides(between, headings)
        yield Passage(
            PassageKind.PARAGRAPH, _parts(report.text, paragraph.start, paragraph.end, within.get(number, ()), lead), paragraph.section
        )
        position = paragraph.end
    yield from _asides(_lines(report.text, position, len(report.text)), headings)


def _parts(
    text: str, start: int, end: int, statements: Sequence[tuple[int, Statement]], lead: str
) -> tuple[str | tuple[int, Statement], ...]:
    parts: list[str | tuple[int, Statement]] = [lead] if lead else []
    for index, statement in statements:
        if statement.start > start:
            parts.append(text[start : statement.start])
        parts.append((index, statement))
        start = statement.end
    if start < end:
        parts.append(text[start:end])
    return tuple(parts)


def _between(text: str, start: int, end: int) -> tuple[str, list[tuple[int, str]], str]:
    """What ends the line before, the whole lines between, and what begins the line of the next paragraph (a bullet, say)."""
    lines = _lines(text, start, end)
    tail = lines.pop(0)[1].strip() if lines and start and lines[0][0] == start and text[start] not in "\r\n" else ""
    lead = lines.pop()[1].lstrip() if lines and text[end - 1] not in "\r\n" else ""
    return tail, lines, lead


def _lines(text: str, start: int, end: int) -> list[tuple[int, str]]:
    found = []
    for line in text[start:end].splitlines(keepends=True):
        found.append((start, line))
        start += len(line)
    return found


def _asides(lines: list[tuple[int, str]], headings: dict[int, Section]) -> Iterator[Passage]:
    """Headings and asides from lines with their offsets; a heading may run over several lines."""
    unread = ""
    for start, line in lines:
        hashes = _HASHES.match(line)
        words = " ".join((line[hashes.end() :] if hashes else line).split())
        if not words:
            continue
        section = next((headings[at] for at in range(start, start + len(line)) if at in headings), None)
        if section:
            heading = " ".join(section.heading.split())
            unread = heading.removeprefix(words).strip() if heading.startswith(words) else ""
            yield Passage(PassageKind.HEADING, (section.heading if heading.startswith(words) else words,), section)
        elif unread and unread.startswith(words):
            unread = unread.removeprefix(words).strip()
        else:
            yield Passage(PassageKind.ASIDE, (words,), level=len(hashes[1]) if hashes else 0)
