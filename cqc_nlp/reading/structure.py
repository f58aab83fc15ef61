"""From blocks to a Report: headings, sections, the printed score, furniture and repeats."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from cqc_nlp import authority, framework
from cqc_nlp.reading.document import Block, BlockKind, Document
from cqc_nlp.reading.encoding import visible
from cqc_nlp.schema import Paragraph, Report, Section, SectionKind


class _Furniture(NamedTuple):
    left_out: frozenset[str]
    plain: frozenset[str]
    scores: tuple[re.Pattern[str], ...]
    lines: tuple[re.Pattern[str], ...]


_NUMBERING = re.compile(
    r"^(?:(?:quality statement|theme|section|part)\s*)?\(?\d{1,2}(?:\.\d{1,2})*[.):]?\s*[-–—:]?\s+(?=\D)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+")
# A line with one of these is a sentence that lacks its full stop, not a heading.
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|will|would|can|could|do|does|did|told|said|says|reported|showed|shows|need|needs|"
    r"we|they|waited|received|increased|decreased|reduced|fell|rose|improved|remain|remains|remained)\b",
    re.IGNORECASE,
)
_HEADING_WORDS = 10
_REPEAT_CHARACTERS = 40
# A rating beside the words of a heading: "Key findings: Good", "Market shaping (Outstanding)".
_RATING = r"(?:outstanding|good|requires[ ]improvement|inadequate)"
_BESIDE = r"\s{0,3}(?:[:|,(\[–—-]{1,3}\s{0,3}|(?<=\s))(?:rated\s|rating:?\s)?"
_RATED = re.compile(rf"^{_RATING}\s*[:|–—-]\s*|{_BESIDE}{_RATING}[)\].*_]*$", re.IGNORECASE)


@cache
def _furniture() -> _Furniture:
    data = json.loads(files("cqc_nlp").joinpath("data/furniture.json").read_text(encoding="utf-8"))
    return _Furniture(
        frozenset(map(_key, data["left_out_headings"])),
        frozenset(map(_key, data["plain_headings"])),
        tuple(re.compile(pattern, re.IGNORECASE) for pattern in data["score_lines"]),
        tuple(re.compile(pattern, re.IGNORECASE) for pattern in data["furniture_lines"]),
    )


@cache
def _known_headings() -> dict[str, SectionKind]:
    return {_key(name): SectionKind(section.kind) for section in framework.SECTIONS for name in (section.heading, *section.aliases)}


@cache
def _quality_statements() -> dict[str, str]:
    return {_key(name): statement.name for statement in framework.QUALITY_STATEMENTS for name in (statement.name, *statement.aliases)}


def _key(text: str) -> str:
    """A heading without numbering, rating, place, marks, punctuation and case."""
    text = unicodedata.normalize("NFKC", text).strip("#*_ \t")
    text = _RATED.sub("", _NUMBERING.sub("", text)).casefold().replace("&", " and ")
    return " ".join(_WORD.findall(text)).removesuffix(" in the area")


def _match(key: str, known: dict[str, SectionKind] | dict[str, str]) -> str | None:
    if key in known:
        return known[key]
    close = get_close_matches(key, known, n=1, cutoff=0.92) if 2 < len(key.split()) <= 14 else []
    return known[close[0]] if close else None


def build(document: Document, name: str) -> Report:
    """The report that a document holds.

    Parameters
    ----------
    document : Document
        Text and blocks of a file.
    name : str
        What to call it: the file name, or ``"text"``.
    """
    text = document.text
    score: int | None = None
    statement: str | None = None
    title: str | None = None
    sections: list[Section] = []
    bodies: list[tuple[Block, int]] = []
    section_level = 0
    left_out = 0
    after_score = False

    blocks = document.blocks
    lines = _lines(document)
    for number, block in enumerate(blocks):
        printed_line, line = text[block.start : block.end], lines[number]
        key = _key(line)
        printed = _printed_score(f"Score {line}" if after_score else line)
        after_score = key == "score"
        if printed is not None:
            score = score or printed or None
            continue
        if block.kind is BlockKind.HEADER_ROW or _is_furniture(line):
            continue
        # Bold type alone marks headings, but also sentences that an author wants to stand out.
        styled = block.kind is BlockKind.HEADING and (block.level > 0 or not _VERB.search(line))
        known = _match(key, _known_headings())
        named = _match(key, _quality_statements())
        if not (styled or _reads_as_heading(lines, blocks, number, known=known is not None, named=named is not None)):
            if left_out:
                left_out -= 1
                continue
            bodies.append((block, len(sections) - 1))
            continue
        left_out = 0
        title = title or (printed_line if key not in _furniture().plain | _furniture().left_out else None)
        if key in _furniture().left_out:
            left_out = _left_out(blocks, lines, number)
        elif named and not known:
            statement = statement or named
            if named != statement:
                sections.append(Section(printed_line, SectionKind.OTHER, block.start, len(text)))
                section_level = block.level
        elif known:
            sections.append(Section(printed_line, SectionKind(known), block.start, len(text)))
            section_level = block.level
        elif key not in _furniture().plain and styled and not (sections and block.level > section_level):
            # An unknown heading of the rank of a section, or above, begins one; a lower one stands inside.
            in_known = sections and sections[-1].kind is not SectionKind.OTHER
            if not (in_known and block.level == 0):
                sections.append(Section(printed_line, SectionKind.OTHER, block.start, len(text)))
                section_level = block.level

    paragraphs, sections_ = _paragraphs(text, {block.start: line for block, line in zip(blocks, lines, strict=True)}, bodies, sections)
    return Report(
        text=text,
        paragraphs=paragraphs,
        sections=sections_,
        name=name,
        title=title,
        authority=authority.find(text, title),
        quality_statement=statement or _stated_in(title),
        published_score=score,
    )


def _lines(document: Document) -> list[str]:
    """The text of every block as it is seen, without the authority's name, so that no length of a name changes what is read."""
    printed = [visible(document.text[block.start : block.end]) for block in document.blocks]
    own = authority.find(document.text, next(iter(printed), None))
    return [authority.mask(line, own) for line in printed]


def _reads_as_heading(lines: list[str], blocks: tuple[Block, ...], number: int, *, known: bool, named: bool) -> bool:
    """Whether a block that is not set as a heading is one: a name of the framework, or a short line above prose."""
    block = blocks[number]
    if block.kind is BlockKind.ITEM:
        return known
    if block.kind not in (BlockKind.PROSE, BlockKind.HEADING):
        return False
    key = _key(lines[number])
    return known or named or key in _furniture().left_out | _furniture().plain or _bare_heading(lines, number)


def _printed_score(line: str) -> int | None:
    """The score that a line prints; 0 if it prints a rating in words; None if it is no such line."""
    line = re.sub(r"[#*_]+", "", line).strip()
    for pattern in _furniture().scores:
        if match := pattern.fullmatch(line):
            groups = match.groupdict()
            return int(groups["score"]) if groups.get("score") else 0
    return None


def _is_furniture(line: str) -> bool:
    return not any(ch.isalnum() for ch in line) or any(pattern.fullmatch(line.strip()) for pattern in _furniture().lines)


def _bare_heading(lines: list[str], number: int) -> bool:
    """Whether a block without a style reads as a heading: short, without a verb or a full stop, above prose."""
    line = _RATED.sub("", lines[number]) or lines[number]
    words = line.split()
    if len(words) > _HEADING_WORDS or "\n" in line or line[-1] in ".!;,…\"'”’)" or not line[0].isalnum() or line[0].islower():
        return False
    if (_VERB.search(line) or any(ch.isdigit() for ch in line)) and not line.endswith("?"):
        return False
    return any(len(after.split()) > _HEADING_WORDS or _is_known(after) for after in lines[number + 1 : number + 2])


def _is_known(line: str) -> bool:
    """Whether a line is a heading of the framework or prints a score."""
    key = _key(line)
    names = _furniture().left_out | _furniture().plain
    return key in names or bool(_match(key, _known_headings()) or _match(key, _quality_statements())) or _printed_score(line) is not None


def _left_out(blocks: tuple[Block, ...], lines: list[str], number: int) -> int:
    """How many blocks under a left-out heading are its own: one, and every further "I …" under what people expect."""
    count = 1
    for following in range(number + 2, len(blocks)):
        if blocks[following].kind is BlockKind.HEADING or not lines[following].startswith(("I ", "I’", "I'", "When I ")):
            break
        count += 1
    return count


def _paragraphs(
    text: str, lines: dict[int, str], bodies: list[tuple[Block, int]], sections: list[Section]
) -> tuple[tuple[Paragraph, ...], tuple[Section, ...]]:
    """Body blocks as paragraphs, each with its section; later copies of a paragraph are marked."""
    if any(index < 0 for _, index in bodies) or not sections:
        first = bodies[0][0].start if bodies and sections else 0
        sections = [Section("", SectionKind.OTHER, first, len(text)), *sections]
        bodies = [(block, index + 1) for block, index in bodies]
    closed = [
        replace(section, end=sections[number + 1].start if number + 1 < len(sections) else len(text))
        for number, section in enumerate(sections)
    ]
    seen: set[str] = set()
    paragraphs = []
    for block, index in bodies:
        words = " ".join(lines[block.start].split()).casefold()
        repeated = len(words) >= _REPEAT_CHARACTERS and words in seen
        seen.add(words)
        paragraphs.append(Paragraph(block.start, block.end, closed[index], repeated))
    used = {id(paragraph.section) for paragraph in paragraphs}
    return tuple(paragraphs), tuple(s for s in closed if id(s) in used or s.kind is not SectionKind.OTHER)


def _stated_in(title: str | None) -> str | None:
    key = _key(title or "")
    return next((name for known, name in _quality_statements().items() if f" {known} " in f" {key} "), None)
