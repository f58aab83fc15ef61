"""An assessment as a Word file: the user's own with marks and comments, or a new one."""

from __future__ import annotations

from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cqc_nlp.errors import CannotWrite, UnreadableDocument
from cqc_nlp.reading.docx import letters, open_docx, trace
from cqc_nlp.reading.encoding import without_surrogates
from cqc_nlp.reading.limits import Limits
from cqc_nlp.views.docx.comments import overview, remarks
from cqc_nlp.views.docx.marks import Pen
from cqc_nlp.views.docx.pages import new_document
from cqc_nlp.views.files import save

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment

CHOICES = ("key", "all")
"""Which statements get a comment."""

# The file was within the limits when it was assessed, and its text is compared: the second look may take what it takes.
_WIDE = Limits(max_unpacked_bytes=10**12, max_elements=10**9)


def to_docx(
    assessment: Assessment, path: str | PathLike[str], comments: str = "key", source: str | PathLike[str] | bytes | None = None
) -> None:
    """Write an assessment as a Word file; see :meth:`cqc_nlp.assessment.Assessment.to_docx`."""
    if comments not in CHOICES:
        raise ValueError(f"comments: choose {' or '.join(map(repr, CHOICES))}; got {comments!r}.")
    if Path(path).suffix.lower() != ".docx":
        raise CannotWrite(f"{path}: the name of a Word file ends in .docx; name another file.")
    original = assessment.report.path if source is None or isinstance(source, bytes) else Path(source)
    data = source if isinstance(source, bytes) else _bytes_of(original)
    document = new_document(assessment, comments) if data is None else _marked(assessment, data, comments)
    written = BytesIO()
    document.save(written)
    save(written.getvalue(), path, original)


def _bytes_of(path: Path | None) -> bytes | None:
    """The Word file that was assessed; None where there is none."""
    if path is None or path.suffix.lower() != ".docx":
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: it cannot be read again ({error.strerror}); put it back, or say where it is now with source."
        raise UnreadableDocument(message) from error


def _marked(assessment: Assessment, data: bytes, comments: str) -> Any:
    """The document that was assessed, with marks and comments and nothing else changed."""
    report = assessment.report
    try:
        document = open_docx(data, _WIDE)
        text, places = trace(document)
    except Exception as error:  # the parsers of third parties raise errors of every family; the cause stays on the error
        raise UnreadableDocument(f"{report.path or report.name}: it is no longer a sound Word file; assess it again.") from error
    if without_surrogates(text) != report.text:
        raise UnreadableDocument(f"{report.path or report.name}: its text is not the one that was assessed; assess it again.")

    wanted: dict[Any, list[tuple[int, int, int]]] = {}
    for number, statement in enumerate(assessment.statements):
        spans: dict[Any, list[int]] = {}
        for place in filter(None, places[statement.start : statement.end]):
            spans.setdefault(place[0], []).append(place[1])
        for paragraph, positions in spans.items():
            wanted.setdefault(paragraph, []).append((min(positions), max(positions) + 1, number))

    pen = Pen(document)
    runs: dict[int, list[Any]] = {}
    for paragraph, spans_ in wanted.items():
        for number, found in pen.cut(letters(paragraph), spans_).items():
            for run in found:
                pen.paint(run, assessment.statements[number].polarity)
            runs.setdefault(number, found)  # of a row of cells, the first cell carries the comment
    findings = assessment.review()
    first = next((place[0] for place in places if place), None)
    heading = [node.getparent() for node, _ in letters(first)] if first is not None else []
    if heading:
        pen.comment(heading, overview(assessment, findings, comments))
    for number, lines in remarks(assessment, findings, comments).items():
        if number in runs:
            pen.comment(runs[number], lines)
    return document
