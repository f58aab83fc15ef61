"""Prodigy: JSON Lines, a task a paragraph, for ``spans.manual``.

Every label of a statement is a span over its words. A task that was rejected or ignored is left out, one that was accepted
counts as checked. Offsets are in characters as Python counts them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cqc_nlp.corpus.exchange.files import objects
from cqc_nlp.corpus.exchange.marks import Mark, Part, Task, checked_about, checked_section, names, tag_of
from cqc_nlp.corpus.records import write_lines
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import POLARITIES


def write(tasks: Sequence[Task], path: Path) -> None:
    """Write the paragraphs of reports as tasks."""
    import spacy

    nlp = spacy.blank("en")
    write_lines(path, (row for task in tasks for row in _rows(task, nlp)))


def read(path: Path) -> list[Part]:
    """Read tasks, as ``corpus export`` writes them or ``prodigy db-out`` prints them."""
    parts: dict[str, Part] = {}
    for where, row in objects(path):
        if row.get("answer", "accept") != "accept":
            continue
        part = _part(row, where)
        known = parts.get(part.about["report"], Part(part.about, (), ()))
        parts[part.about["report"]] = Part(part.about, (*known.marks, *part.marks), (*known.scope, *part.scope))
    return list(parts.values())


def _rows(task: Task, nlp: Any) -> Iterator[dict[str, Any]]:
    for number, (first, last, heading, kind) in enumerate(task.paragraphs):
        marks = [mark for mark in task.marks if mark.paragraph == number]
        if not marks:
            continue
        text = task.text[first:last]
        tokens = nlp.make_doc(text)
        spans = []
        for mark in marks:
            words = tokens.char_span(mark.start - first, mark.end - first)
            within = {"token_start": words.start, "token_end": words.end - 1} if words is not None else {}
            place = {"start": mark.start - first, "end": mark.end - first, **within}
            spans += [{**place, "label": label} for label in names(mark.tag)]
        suggested = [[mark.start, mark.end] for mark in marks if mark.suggested]
        scope = [[max(a, first), min(b, last)] for a, b in task.scope if a < last and first < b]
        place = {"paragraph": number, "start": first, "heading": heading, "section": kind, "scope": scope, "suggested": suggested}
        yield {
            "text": text,
            "tokens": [{"text": t.text, "start": t.idx, "end": t.idx + len(t), "id": t.i, "ws": bool(t.whitespace_)} for t in tokens],
            "spans": spans,
            "meta": {"report": task.about["report"], "section": heading},
            # Prodigy leaves out what it has seen: equal paragraphs of two reports are two tasks all the same.
            "_input_hash": zlib.crc32(f"{task.about['report']}:{first}:{text}".encode()) - 2**31,
            "_view_id": "spans_manual",
            **({} if suggested else {"answer": "accept"}),
            "cqc_nlp": {**task.about, **place},
        }


def _part(row: Mapping[str, Any], where: str) -> Part:
    own = row.get("cqc_nlp")
    about = checked_about(own, where)
    try:
        text, place = str(row["text"]), dict(own or {})
        first, number, heading = int(place["start"]), int(place["paragraph"]), str(place["heading"])
        scope = tuple((int(a), int(b)) for a, b in place["scope"])
        unchecked = set() if "answer" in row else {(int(a), int(b)) for a, b in place["suggested"]}
        spans = [(int(span["start"]), int(span["end"]), str(span["label"])) for span in row.get("spans") or []]
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{where}: this is no task of `corpus export prodigy` ({type(error).__name__}: {error}).") from error
    kind = checked_section(place["section"], where)
    marks = []
    for (start, end), labels in _statements(spans, text, where).items():
        tag = tag_of(labels, f"{where}, {text[start:end][:40]!r}")
        at = (first + start, first + end)
        marks.append(Mark(*at, text[start:end], heading, kind, number, tag, at in unchecked))
    return Part(about, tuple(marks), scope)


def _statements(spans: Sequence[tuple[int, int, str]], text: str, where: str) -> dict[tuple[int, int], list[str]]:
    """The labels of each statement: a polarity makes one, every other label belongs to the one that it touches."""
    found: dict[tuple[int, int], list[str]] = {}
    for start, end, label in spans:
        if not 0 <= start < end <= len(text):
            raise CorpusError(f"{where}: the span {start}-{end} ({label}) lies outside the text; mark it anew.")
        if label in map(str, POLARITIES):
            found.setdefault((start, end), []).append(label)
    for start, end, label in spans:
        if label in map(str, POLARITIES):
            continue
        touched = [(a, b) for a, b in found if a < end and start < b]
        if len(touched) != 1:
            what = "several statements" if touched else "no statement"
            raise CorpusError(f"{where}: the label {label!r} on {text[start:end][:40]!r} touches {what}; mark the words of one.")
        found[touched[0]].append(label)
    return found
