"""Reading: a file, bytes or a text in, a :class:`~cqc_nlp.schema.Report` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path

from cqc_nlp.errors import CQCNLPError, DocumentTooLarge, UnreadableDocument, UnsupportedFormat
from cqc_nlp.reading.document import Document
from cqc_nlp.reading.encoding import decode, without_surrogates
from cqc_nlp.reading.limits import DEFAULT_LIMITS, Limits
from cqc_nlp.reading.package import check_kind
from cqc_nlp.reading.structure import build
from cqc_nlp.reading.text import read_plain
from cqc_nlp.schema import Report

__all__ = ["FORMATS", "Limits", "read", "read_bytes", "read_text"]


def _text(data: bytes, limits: Limits) -> Document:
    text = decode(data)
    limits.check("max_characters", len(text), "characters")
    return read_plain(text)


def _html(data: bytes, limits: Limits) -> Document:
    from cqc_nlp.reading.html import read_html

    return read_html(data, limits)


def _docx(data: bytes, limits: Limits) -> Document:
    from cqc_nlp.reading.docx import read_docx

    return read_docx(data, limits)


def _pdf(data: bytes, limits: Limits) -> Document:
    from cqc_nlp.reading.pdf import read_pdf

    return read_pdf(data, limits)


FORMATS: dict[str, Callable[[bytes, Limits], Document]] = {
    "txt": _text,
    "text": _text,
    "md": _text,
    "markdown": _text,
    "html": _html,
    "htm": _html,
    "docx": _docx,
    "pdf": _pdf,
}
"""The reader of each format, by the ending of a file name."""


def read(path: str | PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Report:
    """Read a report or a draft from a file.

    Parameters
    ----------
    path : path
        A ``.txt``, ``.md``, ``.html``, ``.docx`` or ``.pdf`` file.
    limits : Limits
        How large it may be.

    Returns
    -------
    Report

    Raises
    ------
    UnreadableDocument
        If the file is missing, empty, broken, protected or holds no text.
    DocumentTooLarge
        If it is larger than the limits allow.
    UnsupportedFormat
        If the file is of another kind.
    """
    path = Path(path)
    shown = without_surrogates(str(path))
    with _naming(shown):
        data = _bytes_of(path, limits)
    report = _read(data, path.suffix.lstrip("."), limits, name=without_surrogates(path.name), shown=shown)
    return replace(report, path=path.absolute())


def read_bytes(data: bytes, format: str, name: str = "bytes", limits: Limits = DEFAULT_LIMITS) -> Report:
    """Read a report from the bytes of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    format : str
        ``"txt"``, ``"md"``, ``"html"``, ``"docx"`` or ``"pdf"``.
    name : str
        What to call it in messages.
    limits : Limits
        How large it may be.

    Examples
    --------
    >>> read_bytes(b"<h1>Our draft</h1><p>Carers waited six months.</p>", format="html").title
    'Our draft'
    """
    name = without_surrogates(name)
    return _read(data, format, limits, name=name, shown=name)


def read_text(text: str, name: str = "text", limits: Limits = DEFAULT_LIMITS) -> Report:
    """Read a report from a string of plain text or Markdown.

    Parameters
    ----------
    text : str
        The report; ``report.text`` is this string, unchanged but for lone surrogates, which become U+FFFD.
    name : str
        What to call it.
    limits : Limits
        How long it may be.

    Raises
    ------
    UnreadableDocument
        If the string holds no text.
    DocumentTooLarge
        If it is longer than the limits allow.

    Examples
    --------
    >>> report = read_text("Score: 2\\n\\nEnsuring quality of local services\\n\\nVisits were late.")
    >>> report.published_score, [str(section.kind) for section in report.sections]
    (2, ['quality'])
    """
    name = without_surrogates(name)
    with _naming(name):
        limits.check("max_characters", len(text), "characters")
        return _report(read_plain(text), limits, name)


@contextmanager
def _naming(shown: str) -> Iterator[None]:
    """Put the file before what the readers say of it."""
    try:
        yield
    except CQCNLPError as error:
        raise type(error)(f"{shown}: {error}.") from error


def _bytes_of(path: Path, limits: Limits) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableDocument("this is a folder; name the files in it")
        if path.exists() and not path.is_file():  # a device or a pipe may never end
            raise UnreadableDocument("this is no ordinary file; save the text to a file and name that")
        limits.check("max_bytes", path.stat().st_size, "bytes")
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise UnreadableDocument("this is a link to a file that is gone; name the file itself") from error
        raise UnreadableDocument("there is no such file; check the path") from error
    except OSError as error:
        raise UnreadableDocument(f"it cannot be opened ({error.strerror}); check that you may read it") from error
    except ValueError as error:  # a nil character in the path
        raise UnreadableDocument("no file can have this name; check the path") from error


def _read(data: bytes, format: str, limits: Limits, *, name: str, shown: str) -> Report:
    kind = format.lower().lstrip(".")
    reader = FORMATS.get(kind)
    if reader is None:
        kinds = ", ".join(f".{known}" for known in ("txt", "md", "html", "docx", "pdf"))
        what = f"files of the kind .{kind} are not read" if kind else "its name has no ending"
        raise UnsupportedFormat(f"{shown}: {what}; save it as one of {kinds}.")
    with _naming(shown):
        limits.check("max_bytes", len(data), "bytes")
        if not data.strip():
            raise UnreadableDocument("the file is empty; check that it was saved")
        check_kind(data, kind)
        try:
            document = reader(data, limits)
        except CQCNLPError:
            raise
        except RecursionError as error:
            raise UnreadableDocument("it is nested too deeply to be read; save it again from its own program") from error
        except MemoryError as error:
            raise DocumentTooLarge("reading it takes more memory than there is; read it in parts") from error
        except Exception as error:
            # The parsers of third parties raise errors of every family on damaged files; the cause stays on the error.
            raise UnreadableDocument(f"the file is broken or is no .{kind} file; open it and save it again") from error
        return _report(document, limits, name)


def _report(document: Document, limits: Limits, name: str) -> Report:
    limits.check("max_characters", len(document.text), "characters")
    report = build(replace(document, text=without_surrogates(document.text)), name)
    if not report.paragraphs:
        raise UnreadableDocument("no statements were found in it; check that it holds the text of an assessment")
    return report
