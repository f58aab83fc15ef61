"""Where sentences begin and end: rules for the prose of reports, in plain Python.

The spaCy component ``cqc_sentences`` (:mod:`cqc_nlp.language`) applies the same rules to a ``Doc``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise

from cqc_nlp.schema import Report, Sentence

_data = json.loads(files("cqc_nlp").joinpath("data/abbreviations.json").read_text(encoding="utf-8"))
_ALWAYS, _BEFORE_DIGIT, _BEFORE_LOWER = (frozenset(_data[name]) for name in ("always", "before_digit", "before_lower"))

# The end of a sentence: closing marks, then what may close with it (quotes, brackets, emphasis), then space.
_END = re.compile(r"(?<![.!?…])[.!?…]+(?:[\"'”’»)\]*_]|\[\d{1,3}\])*(?=\s)")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘*_/]+$")
_OPENING = "\"'“‘«([*_ \t\r\n"


def starts(text: str) -> Iterator[int]:
    """Character offsets at which a sentence starts, in one paragraph.

    Examples
    --------
    >>> text = "Approx. 20 people waited. They said, “It was slow.” No. 4 had closed."
    >>> [text[i : i + 4] for i in starts(text)]
    ['Appr', 'They', 'No. ']
    """
    first = len(text) - len(text.lstrip())
    if first < len(text):
        yield first
    for match in _END.finditer(text):
        start = match.end()
        while start < len(text) and text[start].isspace():
            start += 1
        if start < len(text) and _divides(text, match, start):
            yield start


def _divides(text: str, mark: re.Match[str], start: int) -> bool:
    head = text[start:].lstrip(_OPENING)[:1] if text[start] in _OPENING else text[start]
    if not head:
        return False
    if head.islower():
        return False  # a quoted question inside a sentence, or an abbreviation
    if mark.group()[0] != "." or mark.group().startswith(".."):
        # An ellipsis or a question mark inside brackets or a quotation goes on where the next word is small only.
        return True
    word = _LAST_WORD.search(text, max(0, mark.start() - 30), mark.start())
    last = word.group().casefold() if word else ""
    if mark.group() != ".":
        return True  # a closing quote or bracket stands after the full stop
    if last in _ALWAYS:
        return False
    if last in _BEFORE_DIGIT and head.isdigit():
        return False
    if last in _BEFORE_LOWER:
        return not head.isdigit()
    # An initial ("J. Smith"), but not a sentence that ends in one ("of grade A. Smith…" is read as an initial).
    if len(last) == 1 and last.isalpha() and word and word.group().isupper():
        return last == "i"
    # A numbered point at the start of a paragraph: "1. Carers".
    return not (last.isdigit() and not text[: mark.start() - len(last)].strip())


def sentences(report: Report) -> tuple[Sentence, ...]:
    """The sentences of the body of a report, in order.

    Parameters
    ----------
    report : Report
        From :func:`cqc_nlp.read` or :func:`cqc_nlp.read_text`.

    Returns
    -------
    tuple of Sentence
        For each, ``report.text[s.start:s.end] == s.text``.

    Examples
    --------
    >>> from cqc_nlp import read_text
    >>> [s.text for s in sentences(read_text("Waits fell to approx. 4 days. Breaks were scarce."))]
    ['Waits fell to approx. 4 days.', 'Breaks were scarce.']
    """
    found: list[Sentence] = []
    for number, paragraph in enumerate(report.paragraphs):
        printed = report.text[paragraph.start : paragraph.end]
        for first, last in pairwise([*starts(printed), len(printed)]):
            text = printed[first:last].rstrip()
            if any(ch.isalnum() for ch in text):
                start = paragraph.start + first
                place = (start, start + len(text), paragraph.section, number, paragraph.repeated)
                found.append(Sentence(text, *place, authority=report.authority))
    return tuple(found)
