"""What every exchange format is written from and read into: a report as spans with labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cqc_nlp import framework
from cqc_nlp.corpus import records
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind, Tag

# An id names a file of the corpus, on every system.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ALSO = "also:"
LABELS: tuple[str, ...] = (*map(str, POLARITIES), *(f"{_ALSO}{polarity}" for polarity in ASSERTIONS), *map(str, THEMES), *map(str, SOURCES))
"""Every label by a name of its own, for tools that know one list of labels."""

Range = tuple[int, int]
Paragraph = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled statement at its place in the text of its report.

    Attributes
    ----------
    start, end : int
        Offsets in the text of the report, in characters (code points).
    text : str
        The statement.
    heading, section : str
        The heading that it stands under, and its kind.
    paragraph : int
        Number of its paragraph in the report.
    tag : Tag
        Its labels.
    suggested : bool
        Whether they are a model's suggestion that nobody has checked.
    """

    start: int
    end: int
    text: str
    heading: str
    section: str
    paragraph: int
    tag: Tag
    suggested: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What a file says of a report: labels in a part of it, or in all of it.

    Attributes
    ----------
    about : mapping
        What is known of the report, as in the corpus: report, authority, kind, quality_statement and score.
    marks : tuple of Mark
        The labelled statements, in order.
    scope : tuple of (int, int)
        The parts of the text that the marks speak for; statements elsewhere are not in question.
    """

    about: Mapping[str, Any]
    marks: tuple[Mark, ...]
    scope: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Task(Part):
    """A part of a report with the text to label it in.

    Attributes
    ----------
    text : str
        The whole text of the report.
    paragraphs : tuple of (int, int, str, str)
        Start, end, heading and kind of section of every paragraph.
    """

    text: str
    paragraphs: tuple[Paragraph, ...]

    @classmethod
    def of(cls, report: records.LabelledReport, positions: Iterable[int] | None = None) -> Task:
        """A report of the corpus, or of it only the statements at some positions."""
        chosen = sorted(range(len(report.statements)) if positions is None else set(positions))
        marks = tuple(
            Mark(s.start, s.end, s.text, s.section.heading, str(s.section.kind), s.paragraph, s.tag, position in report.suggested)
            for position, s in ((position, report.statements[position]) for position in chosen)
        )
        text = report.report.text
        scope = ((0, len(text)),) if positions is None else tuple((mark.start, mark.end) for mark in marks)
        paragraphs = tuple((p.start, p.end, p.section.heading, str(p.section.kind)) for p in report.report.paragraphs)
        return cls(records.report_row(report), marks, scope, text, paragraphs)


def located(paragraphs: Sequence[Paragraph], start: int, end: int, where: str) -> tuple[str, str, int]:
    """Heading, kind of section and number of the paragraph that a span lies in."""
    for number, (first, last, heading, kind) in enumerate(paragraphs):
        if first <= start < end <= last:
            return heading, kind, number
    raise CorpusError(f"{where}: the span {start}-{end} does not lie in one paragraph; mark it anew.")


def labelled(about: Mapping[str, Any], marks: Iterable[Mark], where: str) -> records.LabelledReport:
    """The report that marks make up.

    Raises
    ------
    CorpusError
        If what is known of the report is not complete, or statements overlap.
    """
    about = checked_about(about, where)
    rows: list[dict[str, Any]] = []
    end = -1
    for mark in sorted(marks, key=lambda mark: mark.start):
        if mark.start < end:
            raise CorpusError(f"{where}: two statements overlap at character {mark.start} of {about['report']}; each must stand alone.")
        end = mark.end
        place = {"section": mark.section, "heading": mark.heading, "paragraph": mark.paragraph}
        labels = {"polarity": mark.tag.polarity, "also": mark.tag.also, "themes": mark.tag.themes, "source": mark.tag.source}
        rows.append({**place, **labels, "text": mark.text, "checked": not mark.suggested})
    if not rows:
        raise CorpusError(f"{where}: no statement of {about['report']} has a label; label one or leave the report out.")
    return records.labelled_report(about, rows, records.split_of(about["authority"]))


def merged(part: Part, known: records.LabelledReport | None, where: str) -> records.LabelledReport:
    """A report after what a file says of it: its marks in their scope, what is known elsewhere.

    Raises
    ------
    CorpusError
        If the known report has another text at those places.
    """
    if known is None:
        return labelled(part.about, part.marks, where)
    kept = [mark for mark in Task.of(known).marks if not any(a < mark.end and mark.start < b for a, b in part.scope)]
    if kept and any(known.report.text[mark.start : mark.end] != mark.text for mark in part.marks):
        raise CorpusError(f"{where}: the report {known.id} has other statements now than when it was exported; export it again.")
    return labelled(part.about, [*kept, *part.marks], where)


def checked_about(about: Any, where: str) -> dict[str, Any]:
    """What is known of a report, if it is complete and of the right form."""
    try:
        found = {key: about[key] for key in ("report", "authority", "kind", "quality_statement", "score")}
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{where}: the fields of cqc-nlp are missing ({error}); import files that `corpus export` made.") from error
    if not isinstance(found["report"], str) or not _ID.fullmatch(found["report"]):
        raise CorpusError(f"{where}: the id {found['report']!r} cannot name a file; use letters, digits, hyphens and underscores.")
    if isinstance(found["score"], float) and found["score"].is_integer():  # some tools know one kind of number only
        found["score"] = int(found["score"])
    if found["score"] not in framework.SCORES or isinstance(found["score"], bool):
        raise CorpusError(f"{where}: the score is {found['score']!r}; give 1, 2, 3 or 4.")
    if found["kind"] not in records.KINDS:
        raise CorpusError(f"{where}: the kind is {found['kind']!r}; give {' or '.join(records.KINDS)}.")
    for key in ("authority", "quality_statement"):
        if not isinstance(found[key], str) or not found[key].strip():
            raise CorpusError(f"{where}: the {key.replace('_', ' ')} is {found[key]!r}; give its name.")
    return found


def checked_section(kind: Any, where: str) -> str:
    """The kind of a section, if it is one."""
    try:
        return str(SectionKind(kind))
    except ValueError as error:
        raise CorpusError(f"{where}: there is no section {kind!r}; use {', '.join(SectionKind)}.") from error


def checked_tag(polarity: Any, also: Sequence[str], themes: Sequence[str], source: Any, where: str) -> Tag:
    """The labels, if they are the codebook's.

    Raises
    ------
    CorpusError
        With the place and the mistaken label.
    """
    for question, value in (("polarity", polarity), ("source", source)):
        if value is None:
            raise CorpusError(f"{where}: the statement has no {question}; give one.")
    try:
        several = {"also": list(dict.fromkeys(also)), "themes": list(dict.fromkeys(themes))}
        return records.tag({"polarity": polarity, "source": source, **several})
    except (ValueError, TypeError) as error:
        raise CorpusError(f"{where}: {error}; see the codebook for the labels.") from error


def names(tag: Tag) -> list[str]:
    """The labels of a statement as names of :data:`LABELS`.

    Examples
    --------
    >>> from cqc_nlp.schema import Polarity, Source, Theme
    >>> names(Tag(Polarity.SHORTFALL, (Polarity.PLAN,), (Theme.CARERS,), Source.STAFF))
    ['shortfall', 'also:plan', 'carers', 'staff']
    """
    return [str(tag.polarity), *(f"{_ALSO}{polarity}" for polarity in tag.also), *map(str, tag.themes), str(tag.source)]


def tag_of(labels: Sequence[str], where: str) -> Tag:
    """The labels of a statement from names of :data:`LABELS`, in any order.

    Raises
    ------
    CorpusError
        If a name is none of them, or polarity or source are missing or given twice.
    """
    mistaken = [label for label in labels if label not in LABELS]
    if mistaken:
        raise CorpusError(f"{where}: there is no label {mistaken[0]!r}; use {', '.join(LABELS)}.")
    polarities, sources = [sorted({x for x in labels if x in map(str, known)}) for known in (POLARITIES, SOURCES)]
    for question, found in (("polarity", polarities), ("source", sources)):
        if len(found) != 1:
            raise CorpusError(f"{where}: the statement has {' and '.join(found) or 'nothing'} as {question}; give one.")
    also = [label.removeprefix(_ALSO) for label in labels if label.startswith(_ALSO)]
    return checked_tag(polarities[0], also, [label for label in labels if label in map(str, THEMES)], sources[0], where)
