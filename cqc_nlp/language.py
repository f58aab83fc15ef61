"""The spaCy side: sentence boundaries, the factories and :func:`load`.

Two pipelines are built on ``spacy.blank("en")``, nothing is downloaded:

- the splitter, ``cqc_sentences`` alone, turns each paragraph of a report into sentences;
- :func:`load` adds ``cqc_evidence``, which reads the structure of a whole text and tags it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import spacy
from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from cqc_nlp.errors import UnreadableDocument
from cqc_nlp.models import DEFAULT
from cqc_nlp.schema import Report, Sentence

if TYPE_CHECKING:
    from cqc_nlp.tagging import StatementTagger

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


@Language.factory("cqc_sentences", assigns=["token.is_sent_start", "doc.sents"])
def _sentences_component(nlp: Language, name: str) -> SentenceSplitter:
    return SentenceSplitter()


class SentenceSplitter:
    """Set the sentence starts of a paragraph (spaCy factory ``cqc_sentences``)."""

    def __call__(self, doc: Doc) -> Doc:
        at = set(starts(doc.text))
        # In one go: setting ``token.is_sent_start`` one by one takes time that grows with the square of the length.
        marks = np.array([1 if token.idx in at else -1 for token in doc], dtype=np.int64).astype(np.uint64)
        return doc.from_array([SENT_START], marks.reshape(-1, 1)) if len(doc) else doc  # type: ignore[arg-type]

    def to_bytes(self, **kwargs: object) -> bytes:
        """Nothing to save: the rules are part of the library."""
        return b""

    def from_bytes(self, data: bytes, **kwargs: object) -> SentenceSplitter:
        """The splitter itself."""
        return self


@cache
def splitter() -> Language:
    """The pipeline that splits paragraphs into sentences."""
    nlp = spacy.blank("en")
    nlp.max_length = 100_000_000  # the rules need no memory to speak of; spaCy's limit is for parsers
    nlp.add_pipe("cqc_sentences")
    return nlp


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
    texts = ((report.text[p.start : p.end], number) for number, p in enumerate(report.paragraphs))
    for doc, number in splitter().pipe(texts, as_tuples=True):
        paragraph = report.paragraphs[number]
        for span in doc.sents:
            text = span.text.rstrip()
            stripped = text.lstrip()
            start = paragraph.start + span.start_char + len(text) - len(stripped)
            if any(ch.isalnum() for ch in stripped):
                place = (start, start + len(stripped), paragraph.section, number, paragraph.repeated)
                found.append(Sentence(stripped, *place, authority=report.authority))
    return tuple(found)


@Language.factory("cqc_evidence", default_config={"model": DEFAULT}, assigns=["doc.spans", "doc._.report"])
def _evidence_component(nlp: Language, name: str, model: str) -> EvidenceTagger:
    from cqc_nlp.models import load_tagger

    return EvidenceTagger(load_tagger(model))


class EvidenceTagger:
    """Tag the statements of a text (spaCy factory ``cqc_evidence``).

    Reads the structure of ``doc.text`` and sets ``doc.spans["evidence"]``, one span a statement,
    labelled with its polarity; ``span._.polarity``, ``also``, ``themes``, ``source``,
    ``confidence``, ``section`` and ``repeated`` hold the rest. A span is widened to whole tokens.
    """

    def __init__(self, tagger: StatementTagger) -> None:
        self.tagger = tagger
        for name in ("polarity", "also", "themes", "source", "confidence", "section", "repeated"):
            if not Span.has_extension(name):
                Span.set_extension(name, default=None)
        if not Doc.has_extension("report"):
            Doc.set_extension("report", default=None)

    def __call__(self, doc: Doc) -> Doc:
        from cqc_nlp.reading import read_text

        doc.spans["evidence"] = []
        try:
            report = read_text(doc.text)
        except UnreadableDocument:  # nothing but headings, say: no evidence
            return doc
        doc._.report = report
        for statement in self.tagger.tag_sentences(sentences(report)):
            span = doc.char_span(statement.start, statement.end, label=str(statement.polarity), alignment_mode="expand")
            if span is None:
                continue
            span._.polarity, span._.also, span._.themes = statement.polarity, statement.also, statement.themes
            span._.source, span._.confidence = statement.source, statement.confidence
            span._.section, span._.repeated = statement.section, statement.repeated
            doc.spans["evidence"].append(span)
        return doc


def load(model: str = DEFAULT) -> Language:
    """A spaCy pipeline that finds and tags the statements of a text.

    Parameters
    ----------
    model : str
        Name of a shipped model or path of a model folder.

    Returns
    -------
    spacy.language.Language
        ``nlp(text).spans["evidence"]`` holds one span a statement.
    """
    nlp = spacy.blank("en")
    nlp.add_pipe("cqc_evidence", config={"model": str(model)})
    return nlp
