"""The corpus on disk: labelled reports and contrast groups as JSON Lines.

::

    corpus/reports/SPLIT.jsonl               one line a report: report, authority, kind, quality_statement, score
    corpus/statements/SPLIT/REPORT.jsonl     one line a statement, in order; `heading` only where the framework has none;
                                             `"checked": false` where the labels are a model's and nobody has checked them
    corpus/contrasts/SPLIT.jsonl             one line a statement; the members of a group follow each other

Each fact stands once, a changed label is a changed line, and ``datasets.load_dataset`` reads the
folder as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cqc_nlp import framework, resources
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import (
    ASSERTIONS,
    Paragraph,
    Polarity,
    Report,
    Section,
    SectionKind,
    Sentence,
    Source,
    Statement,
    Tag,
    Theme,
)

SPLITS = ("train", "validation", "test")
KINDS = ("published", "draft", "exercise")
_HEADINGS = {section.kind: section.heading for section in framework.SECTIONS}
_KINDS_OF_SECTION = {heading: kind for kind, heading in _HEADINGS.items()}


@dataclass(frozen=True, slots=True)
class LabelledReport:
    """A report of the corpus with its labels.

    Attributes
    ----------
    id : str
        Name of the report, unique in the corpus.
    kind : str
        ``"published"``; ``"draft"`` for a council's own self-assessment; ``"exercise"`` for a report of either sort that was
        written to hold many statements that are hard to tell, so that the shares of its labels do not follow its score.
    split : str
        ``"train"``, ``"validation"`` or ``"test"``, by authority.
    score : int
        1 to 4.
    report : Report
        Its text, laid out as a published report.
    statements : tuple of Statement
        The statements with their gold tags.
    suggested : frozenset of int
        Positions of the statements whose labels are a model's suggestion that nobody has checked. None in a corpus;
        see :class:`cqc_nlp.corpus.library.Library`.
    """

    id: str
    kind: str
    split: str
    score: int
    report: Report
    statements: tuple[Statement, ...]
    suggested: frozenset[int] = frozenset()

    @property
    def authority(self) -> str:
        """The authority that it is about: the group for cross-validation."""
        return self.report.authority or self.id

    @property
    def teaches_score(self) -> bool:
        """Whether its evidence goes with its score: it is on "Care provision, integration and continuity", and no exercise."""
        return self.report.quality_statement == framework.QUALITY_STATEMENTS[3].name and self.kind != "exercise"


@dataclass(frozen=True, slots=True)
class ContrastGroup:
    """Statements that differ by the smallest edit that changes a label."""

    id: str
    edit: str
    split: str
    statements: tuple[Statement, ...]


def labelled_reports(corpus: Path | None = None, splits: Iterable[str] = SPLITS, *, suggested: bool = False) -> list[LabelledReport]:
    """The labelled reports of a corpus folder.

    Parameters
    ----------
    corpus : path, optional
        The folder; the shipped corpus if left out.
    splits : iterable of str
        Which splits to read.
    suggested : bool
        Whether labels are accepted that nobody has checked. Nothing should learn from those.

    Raises
    ------
    CorpusError
        If a file is missing, a line does not follow the format, or labels have not been checked.
    """
    corpus = corpus or resources.folder("corpus")
    found = []
    for split in splits:
        for row in lines(corpus / "reports" / f"{split}.jsonl"):
            rows = lines(corpus / "statements" / split / f"{row['report']}.jsonl")
            report = labelled_report(row, list(rows), split)
            if report.suggested and not suggested:
                raise CorpusError(
                    f"{corpus}: {len(report.suggested)} statements of the report {report.id} have labels that a model suggested and nobody "
                    "has checked; check them, or learn from the checked ones with `cqc-nlp train --add`."
                )
            found.append(report)
    return found


def contrast_groups(corpus: Path | None = None, splits: Iterable[str] = ("train", "test")) -> list[ContrastGroup]:
    """The contrast groups of a corpus folder; none where it has no contrasts."""
    corpus = corpus or resources.folder("corpus")
    found = []
    for split in splits:
        path = corpus / "contrasts" / f"{split}.jsonl"
        if not path.exists():
            continue
        for group, members in groupby(lines(path), key=lambda row: row["group"]):
            rows = list(members)
            statements = tuple(
                Statement(row["text"], 0, len(row["text"]), Section("", SectionKind.OTHER, 0, len(row["text"])), 0, False, tag(row))
                for row in rows
            )
            found.append(ContrastGroup(group, rows[0]["edit"], split, statements))
    return found


def split_of(key: str) -> str:
    """The split of an authority or a contrast group: eight in ten train, one validation, one test, for good."""
    digit = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 10
    return {0: "test", 1: "validation"}.get(digit, "train")


def digest(corpus: Path | None = None) -> str:
    """SHA-256 over what the labelled data says: splits, scores, places, labels and texts, however the files are laid out."""
    total = hashlib.sha256()
    for report in labelled_reports(corpus):
        about = (report.id, report.split, report.kind, report.authority, report.report.quality_statement, report.score)
        total.update(json.dumps(about).encode())
        for s in report.statements:
            total.update(json.dumps([s.section.heading, s.paragraph, row(s)]).encode())
    for group in contrast_groups(corpus):
        total.update(json.dumps([group.id, group.split, group.edit, [row(s) for s in group.statements]]).encode())
    return total.hexdigest()


def tag(row: Mapping[str, Any]) -> Tag:
    """The labels of one line of the corpus.

    Raises
    ------
    ValueError
        If a label is none of the codebook's.
    """
    polarity = Polarity(row["polarity"])
    also = tuple(Polarity(value) for value in row["also"])
    if not set(also) <= set(ASSERTIONS) - {polarity}:
        raise ValueError(f"also {[str(value) for value in also]} beside {polarity}")
    themes = tuple(Theme(value) for value in row["themes"])
    return Tag(polarity, also, themes, Source(row["source"]))


def values(field: str) -> list[str]:
    """The values of a field of several: ``-`` is none, commas stand between them."""
    return [] if field in ("-", "") else field.split(",")


def place(heading: str) -> dict[str, str]:
    """A heading as a line of the corpus holds it: the section's kind, and its own words where the framework has none."""
    kind = _KINDS_OF_SECTION.get(heading)
    return {"section": kind or str(SectionKind.OTHER), "heading": "" if kind else heading}


def row(statement: Statement) -> dict[str, Any]:
    """The labels and text of a statement as a line of the corpus."""
    return {
        "polarity": str(statement.polarity),
        "also": [str(value) for value in statement.also],
        "themes": [str(value) for value in statement.themes],
        "source": str(statement.source),
        "text": statement.text,
    }


def statement_rows(report: LabelledReport) -> list[dict[str, Any]]:
    """The statements of a report as lines of the corpus."""
    rows = []
    for position, statement in enumerate(report.statements):
        section = statement.section
        heading = "" if _HEADINGS.get(str(section.kind)) == section.heading else section.heading
        where = {"section": str(section.kind), "heading": heading, "paragraph": statement.paragraph, "position": position}
        unchecked = {"checked": False} if position in report.suggested else {}
        rows.append({"report": report.id, **where, **row(statement), **unchecked})
    return rows


def report_row(report: LabelledReport) -> dict[str, Any]:
    """What is known of a report, as a line of the corpus."""
    return {
        "report": report.id,
        "authority": report.authority,
        "kind": report.kind,
        "quality_statement": report.report.quality_statement,
        "score": report.score,
    }


def write_reports(corpus: Path, reports: Iterable[LabelledReport]) -> None:
    """Add reports to a corpus folder, each to the split of its authority, or replace those of the same id.

    Raises
    ------
    CorpusError
        If the folder cannot be written.
    """
    listed = {split: {row["report"]: row for row in _listed(corpus / "reports" / f"{split}.jsonl")} for split in SPLITS}
    try:
        for report in reports:
            for split, known in listed.items():
                if known.pop(report.id, None) and split != split_of(report.authority):
                    (corpus / "statements" / split / f"{report.id}.jsonl").unlink(missing_ok=True)
            split = split_of(report.authority)
            listed[split][report.id] = report_row(report)
            write_lines(corpus / "statements" / split / f"{report.id}.jsonl", statement_rows(report))
        for split, known in listed.items():
            write_lines(corpus / "reports" / f"{split}.jsonl", [known[name] for name in sorted(known)])
    except OSError as error:
        raise CorpusError(f"{corpus}: the folder cannot be written ({error.strerror}); check that you may write to it.") from error


def _listed(path: Path) -> list[dict[str, Any]]:
    return list(lines(path)) if path.exists() else []


def text_of(path: Path) -> str:
    """The text of a file in UTF-8 that a person or a tool has made.

    Raises
    ------
    CorpusError
        If it cannot be opened, or is not in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: the file is not in UTF-8; save or export it again in UTF-8.") from error
    except OSError as error:
        raise CorpusError(f"{path}: the file is missing or cannot be opened ({error.strerror}); check the path.") from error


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"{path}: the file is missing or cannot be opened; the corpus is not complete.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{path}, line {number}: this is no JSON object ({error}); mend the line.") from error


def labelled_report(row: Mapping[str, Any], rows: list[dict[str, Any]], split: str) -> LabelledReport:
    """Lay the lines of a report out as a published report, so that gold and predicted statements are alike."""
    name = row.get("report", "?")
    try:
        parts: list[str] = [row["quality_statement"]]
        position = len(parts[0])
        sections: list[Section] = []
        paragraphs: list[Paragraph] = []
        statements: list[Statement] = []
        heading, paragraph = None, None
        spans: list[tuple[int, int, int, int, Tag, str]] = []
        for line in rows:
            printed = line["heading"] or _HEADINGS.get(line["section"], "")
            if printed != heading:
                heading, paragraph = printed, None
                opening = f"\n\n{heading}" if heading else ""
                parts.append(opening)
                position += len(opening)
                sections.append(Section(heading, SectionKind(line["section"]), position - len(heading), 0))
            gap = " " if line["paragraph"] == paragraph else "\n\n"
            paragraph = line["paragraph"]
            start = position + len(gap)
            parts.append(gap + line["text"])
            position = start + len(line["text"])
            if gap == " ":
                paragraphs[-1] = Paragraph(paragraphs[-1].start, position, paragraphs[-1].section)
            else:
                paragraphs.append(Paragraph(start, position, sections[-1]))
            spans.append((start, position, len(sections) - 1, len(paragraphs) - 1, tag(line), line["text"]))
        closed = [
            Section(s.heading, s.kind, s.start, sections[i + 1].start if i + 1 < len(sections) else position)
            for i, s in enumerate(sections)
        ]
        for start, end, section, number, label, text in spans:
            sentence = Sentence(text, start, end, closed[section], number, authority=row["authority"])
            statements.append(Statement.of(sentence, label))
        report = Report(
            text="".join(parts),
            paragraphs=tuple(Paragraph(p.start, p.end, closed[sections.index(p.section)]) for p in paragraphs),
            sections=tuple(closed),
            name=name,
            title=row["quality_statement"],
            authority=row["authority"],
            quality_statement=row["quality_statement"],
            published_score=row["score"],
        )
        suggested = frozenset(position for position, line in enumerate(rows) if not line.get("checked", True))
        return LabelledReport(name, row["kind"], split, row["score"], report, tuple(statements), suggested)
    except (KeyError, ValueError, TypeError) as error:
        raise CorpusError(f"report {name}: a line does not follow the format ({error}); run `cqc-nlp corpus validate`.") from error
