"""From bytes to characters: the encodings that files of text come in, and characters that no eye sees."""

from __future__ import annotations

import codecs
import re

from cqc_nlp.errors import UnreadableDocument

# The longer marks first: that of UTF-16 begins that of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252", errors="replace") for byte in range(0x80, 0x100)}
_SURROGATES = re.compile("[\ud800-\udfff]")
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?((?:iso-?8859|latin|windows-12|cp12|macintosh)[\w-]*)", re.IGNORECASE
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# In UTF-16 and UTF-32, nil bytes stand between the letters of English.
_ONE_BYTE_EACH = re.compile(rb"[\t\n\r ,.A-Za-z]{40}")
# More control characters than this share of a text: it is no text.
_MOST_CONTROLS = 0.05

_RANGES = ((0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF))
_INVISIBLE = dict.fromkeys(code for first, last in _RANGES for code in range(first, last + 1))
BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "".join(map(chr, _INVISIBLE))
"""White space, and characters without a shape of their own: of zero width, of the direction of writing, a byte order mark."""


def decode(data: bytes) -> str:
    """The text of a file: by its byte order mark, as UTF-16 where every other byte is nil, as UTF-8, else Windows-1252.

    Raises
    ------
    UnreadableDocument
        If the bytes are no text.

    Examples
    --------
    >>> decode("Carers’ café".encode("cp1252")), decode("Carers’ café".encode("utf-16-be"))
    ('Carers’ café', 'Carers’ café')
    """
    text = _decode(data)
    if len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        raise UnreadableDocument("it holds no text but data of another kind; check the ending of its name, or save it again as text")
    return text


def decode_page(data: bytes) -> str:
    """The text of a web page: as :func:`decode`, but what is no UTF-8 is what the page says that it is."""
    declared = _DECLARED.search(data[:4096])
    if declared and not data.startswith(tuple(mark for mark, _ in _MARKS)):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            try:
                return data.decode(declared.group(1).decode("ascii"), errors="replace")
            except LookupError:
                pass
    return decode(data)


def _decode(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace") if mark == codecs.BOM_UTF8 else _wide(data, name)
    # Latin letters in UTF-16: nearly every high byte is nil, and no low one.
    if data.count(0) > len(data) // 4:
        even, odd = data[::2].count(0), data[1::2].count(0)
        if min(even, odd) < max(even, odd) // 10:
            return _wide(data, "utf-16-le" if odd > even else "utf-16-be")
    text = data.decode("utf-8", errors="surrogateescape")
    strays = len(_SURROGATES.findall(text))
    if not strays:
        return text
    # A few stray bytes in a UTF-8 file were pasted from elsewhere; if most are strays, the file is Windows-1252.
    if strays > sum(ch > "\x7f" for ch in text) - strays:
        return data.decode("cp1252", errors="replace")
    return text.translate(_WINDOWS)


def _wide(data: bytes, name: str) -> str:
    if _ONE_BYTE_EACH.search(data):
        raise UnreadableDocument("it mixes two encodings, as if two files had been joined; open it, check it and save it again as UTF-8")
    return data.decode(name, errors="replace")


def without_surrogates(text: str) -> str:
    """The text with lone surrogates, which can be neither written nor printed, as U+FFFD; its length stays.

    Examples
    --------
    >>> without_surrogates("Carers\\ud83d waited")
    'Carers� waited'
    """
    return _SURROGATES.sub("\ufffd", text)


def visible(text: str) -> str:
    """The text without characters that no eye sees: what a reader would say that it is.

    Examples
    --------
    >>> visible("Sco\\u200bre: \\u202e2")
    'Score: 2'
    """
    return text if text.isascii() else text.translate(_INVISIBLE)
