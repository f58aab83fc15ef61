"""The form in which labelled reports are written by hand: one sentence a line.

::

    id: A-01
    authority: Example County Council
    kind: published
    score: 2
    ## Understanding local needs for care and support
    strength|-|-|assessor|The local authority used its needs assessment to plan services.
    shortfall|plan|carers,capacity|people|Carers had waited for breaks, and a new service was to open.

    context|-|-|data|A blank line begins the next paragraph.

Fields are ``polarity|also|themes|source|sentence``; ``-`` is none, commas join several. A report on
another quality statement has a line ``quality_statement: NAME``. In a file of contrast groups, a line
``# kind NAME`` begins a group and a blank line ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cqc_nlp import framework
from cqc_nlp.corpus import records
from cqc_nlp.errors import CorpusError

_HEADER = re.compile(r"(id|authority|kind|score|quality_statement): (.+)")
# An id names a file of the corpus, on every system.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
EDITS = {
    "1": "strength / plan",
    "2": "strength / shortfall",
    "3": "strength / context",
    "4": "plan / context / shortfall",
    "5": "concession exchanged",
    "6": "theme by its object",
    "7": "source by its speaker",
}
"""The kinds of contrast group, by the number that stands after ``# kind``."""


def parse_report(text: str, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The report row and the statement rows of a file in line form.

    Parameters
    ----------
    text : str
        The file.
    name : str
        What to call it in messages.

    Raises
    ------
    CorpusError
        If a line is neither header, heading, statement nor blank, or a header is missing or wrong.
    """
    header: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    heading, paragraph, fresh = "", -1, True
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.fullmatch(line):
            header[match.group(1)] = match.group(2).strip()
        elif line.startswith("## "):
            heading, fresh = line[3:].strip(), True
        elif not line.strip():
            fresh = True
        else:
            paragraph += fresh
            fresh = False
            position = {"paragraph": paragraph, "position": len(rows)}
            rows.append(
                {"report": header.get("id", name), **records.place(heading), **position, **_statement(line, f"{name}, line {number}")}
            )
    missing = [key for key in ("id", "authority", "kind", "score") if key not in header]
    if missing or not rows:
        raise CorpusError(f"{name}: {', '.join(missing) or 'statements'} missing; see the corpus data card for the form.")
    if not _ID.fullmatch(header["id"]):
        raise CorpusError(f"{name}: the id {header['id']!r} cannot name a file; use letters, digits, hyphens and underscores.")
    if header["score"] not in map(str, framework.SCORES):
        raise CorpusError(f"{name}: the score is {header['score']!r}; give 1, 2, 3 or 4.")
    if header["kind"] not in records.KINDS:
        raise CorpusError(f"{name}: the kind is {header['kind']!r}; give {' or '.join(records.KINDS)}.")
    report = {
        "report": header["id"],
        "authority": header["authority"],
        "kind": header["kind"],
        "quality_statement": header.get("quality_statement", framework.QUALITY_STATEMENTS[3].name),
        "score": int(header["score"]),
    }
    return report, rows


def parse_contrasts(text: str, name: str) -> Iterator[list[dict[str, Any]]]:
    """The groups of a file of contrasts, each a list of statement rows."""
    edit, group, count = "", list[dict[str, Any]](), 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("# kind ") or not line.strip():
            if group:
                yield group
                group = []
            if line.strip():
                edit = EDITS.get(line[7:].strip(), line[7:].strip())
            continue
        if not group:
            count += 1
        place = {"group": f"{name}-{count:03}", "edit": edit, "position": len(group)}
        group.append({**place, **_statement(line, f"{name}, line {number}")})


def _statement(line: str, where: str) -> dict[str, Any]:
    fields = line.split("|", 4)
    if len(fields) < 5:
        raise CorpusError(f"{where}: a statement is polarity|also|themes|source|sentence; got {line[:60]!r}.")
    polarity, also, themes, source, sentence = fields
    row = {"polarity": polarity, "also": records.values(also), "themes": records.values(themes), "source": source, "text": sentence}
    try:
        records.tag(row)
    except ValueError as error:
        raise CorpusError(f"{where}: {error}; see the codebook for the labels.") from error
    return row


def add(paths: list[Path], corpus: Path) -> tuple[int, int]:
    """Add files in line form to a corpus folder.

    Each report goes to the split of its authority, each contrast group to that of its number, so that
    whatever is added later, nothing moves. A report that is there already is replaced.

    Returns
    -------
    reports, groups : int
        How many were added or replaced.

    Raises
    ------
    CorpusError
        If a file cannot be read or does not follow the form. Nothing is added then.
    """
    reports: list[records.LabelledReport] = []
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {"train": {}, "test": {}}
    for split in groups:
        for row in _existing(corpus / "contrasts" / f"{split}.jsonl"):
            groups[split].setdefault(row["group"], []).append(row)
    added = 0
    for path in paths:
        text = records.text_of(path)
        if re.search(r"(?m)^# kind ", text):
            for group in parse_contrasts(text, path.stem):
                name = group[0]["group"]
                groups["test" if records.split_of(name) == "test" else "train"][name] = group
                added += 1
        else:
            report, rows = parse_report(text, path.name)
            reports.append(records.labelled_report(report, rows, records.split_of(report["authority"])))
    records.write_reports(corpus, reports)
    try:
        for split, by_group in groups.items():
            if by_group:
                records.write_lines(corpus / "contrasts" / f"{split}.jsonl", [row for name in sorted(by_group) for row in by_group[name]])
    except OSError as error:
        raise CorpusError(f"{corpus}: the corpus cannot be written ({error.strerror}); check the folder.") from error
    return len(reports), added


def _existing(path: Path) -> list[dict[str, Any]]:
    return list(records.lines(path)) if path.exists() else []
