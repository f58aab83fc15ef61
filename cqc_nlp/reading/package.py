"""What a file is, by its first bytes, and whether a Word file is safe to open: checked before any parser sees it."""

from __future__ import annotations

import zipfile
from io import BytesIO

from cqc_nlp.errors import EncryptedDocument, UnreadableDocument
from cqc_nlp.reading.limits import Limits

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARTS = 10_000
_XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00<")
_DOCTYPE = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


def check_kind(data: bytes, kind: str) -> None:
    """Refuse a file that is plainly of another kind than its name says.

    Raises
    ------
    EncryptedDocument, UnreadableDocument
        With what it is and what to do.
    """
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise EncryptedDocument("it is protected by a password; save a copy without one and read that")
        raise UnreadableDocument("it is an old Word file (.doc) or another old Office file; open it and save it as .docx")
    if data.startswith(b"{\\rtf"):
        raise UnreadableDocument("it is a Rich Text file (.rtf); open it and save it as .docx")
    if kind != "pdf" and data[:1024].lstrip().startswith(b"%PDF-"):
        raise UnreadableDocument("it is a PDF under another name; let its name end in .pdf")
    if kind != "docx" and data.startswith(b"PK\x03\x04"):
        raise UnreadableDocument("it is a zip archive or an Office file under another name; let a Word file's name end in .docx")


def check_package(data: bytes, limits: Limits) -> None:
    """Refuse a Word file that unpacks to too much, is none, or declares entities.

    The sizes are those that the archive states, and no more than those is ever unpacked.

    Raises
    ------
    DocumentTooLarge, EncryptedDocument, UnreadableDocument
        With what is wrong and what to do.
    """
    if data.count(b"PK\x01\x02") > _PARTS:
        raise UnreadableDocument(f"it is an archive of more than {_PARTS:,} files and no Word file; check what it is")
    with zipfile.ZipFile(BytesIO(data)) as package:
        parts = package.infolist()
        names = {part.filename for part in parts}
        if "[Content_Types].xml" not in names or any(name.startswith(("xl/", "ppt/")) for name in names):
            raise UnreadableDocument("it is an archive or an Office file of another kind, but no Word file; save the text as .docx")
        limits.check("max_unpacked_bytes", sum(part.file_size for part in parts), "bytes once unpacked")
        if any(part.flag_bits & 1 for part in parts):
            raise EncryptedDocument("it is protected by a password; save a copy without one and read that")
        elements = 0
        for part in parts:
            with package.open(part) as file:
                if not file.read(4).startswith(_XML_STARTS):
                    continue
            content = package.read(part)
            # No word processor writes a document type; it is the way in for entities that swell or that fetch files.
            if any(mark in content for mark in _DOCTYPE):
                raise UnreadableDocument("it declares a document type, as no word processor does; open it in one and save it again")
            elements += content.count(b"<")
            limits.check("max_elements", elements, "marks")
