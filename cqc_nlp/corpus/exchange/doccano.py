"""doccano: JSON Lines for a project of the kind "text classification", an example a statement.

Its labels are categories. A suggestion that nobody has checked has the category ``unchecked`` besides, for the annotator to
take away. (In doccano's sequence labelling, labels on the same words are lost unless a project allows overlaps, and its
offsets differ from Python's after an emoji.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cqc_nlp.corpus.exchange.files import objects
from cqc_nlp.corpus.exchange.marks import Mark, Part, Task, checked_about, checked_section, names, tag_of
from cqc_nlp.corpus.records import write_lines
from cqc_nlp.errors import CorpusError

UNCHECKED = "unchecked"


def write(tasks: Sequence[Task], path: Path) -> None:
    """Write statements as examples; the sentence before each stands beside it for its sense."""
    write_lines(path, (row for task in tasks for row in _rows(task)))


def read(path: Path) -> list[Part]:
    """Read examples, as ``corpus export`` writes them or doccano exports them (JSONL)."""
    parts: dict[str, Part] = {}
    for where, row in objects(path):
        about, mark = _mark(row, where)
        known = parts.get(about["report"], Part(about, (), ()))
        parts[about["report"]] = Part(about, (*known.marks, mark), (*known.scope, (mark.start, mark.end)))
    return list(parts.values())


def _rows(task: Task) -> Iterator[dict[str, Any]]:
    for mark in task.marks:
        first = task.paragraphs[mark.paragraph][0]
        place = {"start": mark.start, "end": mark.end, "heading": mark.heading, "section": mark.section, "paragraph": mark.paragraph}
        labels = [*names(mark.tag), *([UNCHECKED] if mark.suggested else [])]
        yield {"text": mark.text, "label": labels, "before": task.text[first : mark.start].strip(), **task.about, **place}


def _mark(row: Mapping[str, Any], where: str) -> tuple[dict[str, Any], Mark]:
    about = checked_about(row, where)
    try:
        start, end, number = int(row["start"]), int(row["end"]), int(row["paragraph"])
        text, heading, labels = str(row["text"]), str(row["heading"] or ""), [str(label) for label in row["label"]]
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{where}: this is no example of `corpus export doccano` ({type(error).__name__}: {error}).") from error
    if end - start != len(text):
        raise CorpusError(f"{where}: the text is not as long as its place says ({end - start} characters); it was changed.")
    tag = tag_of([label for label in labels if label != UNCHECKED], where)
    kind = checked_section(row.get("section"), where)
    return about, Mark(start, end, text, heading, kind, number, tag, UNCHECKED in labels)
