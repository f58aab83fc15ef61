"""Exchange of labelled reports with annotation tools, there and back without loss.

============== =================== ====================================================================
format         file                form
============== =================== ====================================================================
label-studio   ``.json``           a task a report, regions with choices; its configuration beside it
prodigy        ``.jsonl``          a task a paragraph, for ``spans.manual``
doccano        ``.jsonl``          an example a statement, for text classification
docbin         ``.spacy``          a document a report, ``doc.spans["evidence"]``
============== =================== ====================================================================

What comes back may be a part of a report: statements that the file does not speak for stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from cqc_nlp.corpus import records
from cqc_nlp.corpus.exchange.files import objects
from cqc_nlp.corpus.exchange.marks import Part, Task, labelled, merged
from cqc_nlp.corpus.records import LabelledReport
from cqc_nlp.errors import CorpusError

__all__ = ["FORMATS", "add", "export", "format_of", "read", "read_reports"]

FORMATS: dict[str, str] = {"label-studio": "label_studio", "prodigy": "prodigy", "doccano": "doccano", "docbin": "docbin"}
"""The module of each format."""


def export(format: str, reports: Sequence[LabelledReport], out: Path, positions: Sequence[Iterable[int] | None] | None = None) -> None:
    """Write reports for an annotation tool.

    Parameters
    ----------
    format : {"label-studio", "prodigy", "doccano", "docbin"}
        For which.
    reports : sequence of LabelledReport
        From :func:`cqc_nlp.corpus.labelled_reports` or a library.
    out : path
        The file to write.
    positions : sequence, optional
        For each report the statements to write; all if left out.

    Raises
    ------
    CorpusError
        If the file cannot be written.
    """
    chosen = positions or [None] * len(reports)
    tasks = [Task.of(report, which) for report, which in zip(reports, chosen, strict=True)]
    try:
        _module(format).write(tasks, out)
    except OSError as error:
        raise CorpusError(f"{out}: the file cannot be written ({error.strerror}); check the folder.") from error


def read(path: Path, format: str | None = None) -> list[Part]:
    """What a file of an annotation tool says.

    Parameters
    ----------
    path : path
        The file.
    format : str, optional
        As for :func:`export`; told from the file if left out.

    Raises
    ------
    CorpusError
        With file and line, if it does not follow the format or a label is none of the codebook's.
    """
    found = format or format_of(path)
    if found is None:
        raise CorpusError(f"{path}: its format cannot be told from its name; name one of {', '.join(FORMATS)}.")
    parts: list[Part] = _module(found).read(path)
    return parts


def read_reports(path: Path, format: str | None = None) -> list[LabelledReport]:
    """The labelled reports of a file of an annotation tool; see :func:`read`."""
    return [labelled(part.about, part.marks, str(path)) for part in read(path, format)]


def add(paths: Sequence[Path], corpus: Path, format: str | None = None) -> tuple[int, int]:
    """Bring files of an annotation tool into a corpus or library folder.

    Labels count as checked unless the file says that nobody has. Where the folder has the report already, statements
    that the file does not speak for are kept.

    Returns
    -------
    reports, statements : int
        How many were added or replaced. Nothing is, if a file has a mistake.
    """
    known = {report.id: report for report in _known(corpus)}
    changed: dict[str, LabelledReport] = {}
    statements = 0
    for path in paths:
        for part in read(path, format):
            name = part.about["report"]
            known[name] = changed[name] = merged(part, known.get(name), str(path))
            statements += len(part.marks)
    records.write_reports(corpus, changed.values())
    return len(changed), statements


def format_of(path: Path) -> str | None:
    """The format of a file, by its ending and, for JSON Lines, its first line; None if it is none of these.

    Examples
    --------
    >>> format_of(Path("labels.spacy")), format_of(Path("report.txt"))
    ('docbin', None)
    """
    ending = path.suffix.lower()
    if ending == ".jsonl":
        _, first = next(objects(path), ("", dict[str, Any]()))
        return "prodigy" if "cqc_nlp" in first or "spans" in first else "doccano" if "label" in first else None
    return {".json": "label-studio", ".spacy": "docbin"}.get(ending)


def _known(corpus: Path) -> list[LabelledReport]:
    present = [split for split in records.SPLITS if (corpus / "reports" / f"{split}.jsonl").exists()]
    return records.labelled_reports(corpus, present, suggested=True)


def _module(format: str) -> Any:
    if format not in FORMATS:
        raise ValueError(f"There is no exchange format {format!r}; choose one of {', '.join(FORMATS)}.")
    return import_module(f"cqc_nlp.corpus.exchange.{FORMATS[format]}")
