"""Reading: a file, bytes or a text in, a :class:`~cqc_nlp.schema.Report` out."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from cqc_nlp.errors import CQCNLPError, UnreadableDocument, UnsupportedFormat
from cqc_nlp.reading.document import Document
from cqc_nlp.reading.structure import build
from cqc_nlp.reading.text import read_plain
from cqc_nlp.schema import Report

__all__ = ["FORMATS", "read", "read_bytes", "read_text"]


def _text(data: bytes) -> Document:
    return read_plain(decode(data))


def _html(data: bytes) -> Document:
    from cqc_nlp.reading.html import read_html

    return read_html(data)


def _docx(data: bytes) -> Document:
    from cqc_nlp.reading.docx import read_docx

    return read_docx(data)


def _pdf(data: bytes) -> Document:
    from cqc_nlp.reading.pdf import read_pdf

    return read_pdf(data)


FORMATS: dict[str, Callable[[bytes], Document]] = {
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


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 with its byte order mark, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read(path: str | PathLike[str]) -> Report:
    """Read a report or a draft from a file.

    Parameters
    ----------
    path : path
        A ``.txt``, ``.md``, ``.html``, ``.docx`` or ``.pdf`` file.

    Returns
    -------
    Report

    Raises
    ------
    UnreadableDocument
        If the file is missing, empty, broken, protected or holds no text.
    UnsupportedFormat
        If the file is of another kind.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableDocument(f"{path}: there is no such file; check the path.") from error
    except IsADirectoryError as error:
        raise UnreadableDocument(f"{path}: this is a folder; name the files in it.") from error
    except OSError as error:
        raise UnreadableDocument(f"{path}: it cannot be opened ({error.strerror}); check that you may read it.") from error
    return _read(data, path.suffix.lstrip("."), name=path.name, shown=str(path))


def read_bytes(data: bytes, format: str, name: str = "bytes") -> Report:
    """Read a report from the bytes of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    format : str
        ``"txt"``, ``"md"``, ``"html"``, ``"docx"`` or ``"pdf"``.
    name : str
        What to call it in messages.

    Examples
    --------
    >>> read_bytes(b"<h1>Our draft</h1><p>Carers waited six months.</p>", format="html").title
    'Our draft'
    """
    return _read(data, format, name=name, shown=name)


def read_text(text: str, name: str = "text") -> Report:
    """Read a report from a string of plain text or Markdown.

    Parameters
    ----------
    text : str
        The report; ``report.text`` is this string, unchanged.
    name : str
        What to call it.

    Raises
    ------
    UnreadableDocument
        If the string holds no text.

    Examples
    --------
    >>> report = read_text("Score: 2\\n\\nEnsuring quality of local services\\n\\nVisits were late.")
    >>> report.published_score, [str(section.kind) for section in report.sections]
    (2, ['quality'])
    """
    return _report(read_plain(text), name, name)


def _read(data: bytes, format: str, *, name: str, shown: str) -> Report:
    reader = FORMATS.get(format.lower().lstrip("."))
    if reader is None:
        kinds = ", ".join(f".{kind}" for kind in ("txt", "md", "html", "docx", "pdf"))
        what = f"files of the kind .{format} are not read" if format else "its name has no ending"
        raise UnsupportedFormat(f"{shown}: {what}; save it as one of {kinds}.")
    if not data.strip():
        raise UnreadableDocument(f"{shown}: the file is empty.")
    try:
        document = reader(data)
    except CQCNLPError as error:
        raise type(error)(f"{shown}: {error}.") from error
    except RecursionError as error:
        raise UnreadableDocument(f"{shown}: it is nested too deeply to be read; save it again from its own program.") from error
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, AttributeError, TypeError, IndexError) as error:
        raise UnreadableDocument(f"{shown}: the file is broken or is no .{format} file; open it and save it again.") from error
    except Exception as error:
        # The parsers of third parties raise errors of many families on damaged files.
        if type(error).__module__.partition(".")[0] in ("pypdf", "docx", "lxml", "bs4"):
            raise UnreadableDocument(f"{shown}: the file is broken or is no .{format} file; open it and save it again.") from error
        raise
    return _report(document, name, shown)


def _report(document: Document, name: str, shown: str) -> Report:
    report = build(document, name)
    if not report.paragraphs:
        raise UnreadableDocument(f"{shown}: no statements were found in it; check that it holds the text of an assessment.")
    return report
