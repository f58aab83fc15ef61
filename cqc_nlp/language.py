"""The spaCy side: the factories and :func:`load`.

Both components work on ``spacy.blank("en")``, nothing is downloaded: ``cqc_sentences`` sets the sentence starts of a
paragraph, ``cqc_evidence`` (:func:`load`) reads the structure of a whole text and tags it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import spacy
from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from cqc_nlp.boundaries import sentences, starts
from cqc_nlp.errors import UnreadableDocument
from cqc_nlp.models import DEFAULT
from cqc_nlp.schema import POLARITIES, Report, Section

if TYPE_CHECKING:
    from cqc_nlp.tagging import StatementTagger

EVIDENCE = "evidence"
"""The key of the statements in ``doc.spans``."""


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


def _evidence_component(nlp: Language, name: str, model: str) -> EvidenceTagger:
    return EvidenceTagger(model)


class EvidenceTagger:
    """Tag the statements of a text (spaCy factory ``cqc_evidence``).

    Reads the structure of ``doc.text`` and sets ``doc.spans["evidence"]``, one span a statement,
    labelled with its polarity; ``span._.polarity``, ``also``, ``themes``, ``source``,
    ``confidence``, ``section`` and ``repeated`` hold the rest. A span is widened to whole tokens.

    Parameters
    ----------
    model : str
        A shipped model or a model folder. It is loaded when it is first used. A folder is saved with the pipeline.
    """

    def __init__(self, model: str = DEFAULT) -> None:
        self.model = str(model)
        extend_spans()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In a process that it was sent to, spans are extended as well."""
        self.__dict__.update(state)
        extend_spans()

    @property
    def tagger(self) -> StatementTagger:
        """The tagger of the model."""
        from cqc_nlp.models import load_tagger

        return load_tagger(self.model)

    def __call__(self, doc: Doc) -> Doc:
        doc.spans[EVIDENCE] = []
        report = _read(doc.text)
        if report is None:
            return doc
        for statement in self.tagger.tag_sentences(sentences(report)):
            span = doc.char_span(statement.start, statement.end, label=str(statement.polarity), alignment_mode="expand")
            if span is None:
                continue
            # Plain values, so that a document can be saved and sent to another process.
            span._.polarity, span._.also, span._.themes = str(statement.polarity), statement.also, statement.themes
            span._.source = None if statement.source is None else str(statement.source)
            span._.confidence, span._.repeated = statement.confidence, statement.repeated
            doc.spans[EVIDENCE].append(span)
        return doc

    def to_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the model, unless it is a shipped one, which every copy of the library has."""
        from shutil import copytree

        from cqc_nlp import models

        path.mkdir(parents=True, exist_ok=True)
        if self.model not in models.available():
            copytree(models.find(self.model), path / "model", dirs_exist_ok=True)

    def from_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> EvidenceTagger:
        """Use the model that was saved there."""
        if (path / "model").is_dir():
            self.model = str(path / "model")
        return self


def extend_spans() -> None:
    """Register what ``span._`` and ``doc._`` hold of a statement and its report; loading a pipeline does it.

    ``doc._.report`` and ``span._.section`` are read from the text, so that a document that was saved, or came from
    another process, has them as well.
    """
    extensions: dict[str, dict[str, Any]] = {
        name: {"default": None} for name in ("polarity", "source", "confidence", "repeated", "checked")
    }
    extensions |= {name: {"getter": partial(_labels, name), "setter": partial(_set_labels, name)} for name in ("also", "themes")}
    extensions["section"] = {"getter": _section}
    for name, how in extensions.items():
        if not Span.has_extension(name):
            Span.set_extension(name, **how)
    if not Doc.has_extension("report"):
        Doc.set_extension("report", getter=_report)


def _labels(name: str, span: Span) -> tuple[str, ...]:
    """Labels as a tuple, whatever spaCy made of them when the document was saved."""
    kept: dict[Any, Any] = span.doc.user_data
    return tuple(kept.get(("._.", name, span.start_char, span.end_char)) or ())


def _set_labels(name: str, span: Span, values: Iterable[str]) -> None:
    kept: dict[Any, Any] = span.doc.user_data
    kept["._.", name, span.start_char, span.end_char] = [str(value) for value in values]


def _report(doc: Doc) -> Report | None:
    return _read(doc.text)


def _section(span: Span) -> Section | None:
    report = _read(span.doc.text)
    return next((p.section for p in report.paragraphs if p.start < span.end_char <= p.end), None) if report else None


@lru_cache(maxsize=2)
def _read(text: str) -> Report | None:
    """The report that a text holds; None where it holds no statements."""
    from cqc_nlp.reading import read_text

    try:
        return read_text(text)
    except UnreadableDocument:  # nothing but headings, say: no evidence
        return None


def displacy_options() -> dict[str, Any]:
    """Options for spaCy's displaCy: the statements, in the colours of the library.

    Examples
    --------
    >>> from spacy import displacy
    >>> doc = load("fast")("Carers waited six months for a break.")
    >>> "Carers" in displacy.render(doc, style="span", options=displacy_options(), jupyter=False)
    True
    """
    from cqc_nlp.views.words import palette

    colours = palette()["polarities"]
    return {"spans_key": EVIDENCE, "colors": {str(polarity): colours[polarity]["light"]["fill"] for polarity in POLARITIES}}


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

    Raises
    ------
    ModelError
        If there is no such model, or it is not sound.
    """
    from cqc_nlp.models import load_tagger

    load_tagger(model)  # a mistaken name is an error here, not at the first text
    nlp = spacy.blank("en")
    nlp.add_pipe("cqc_evidence", config={"model": str(model)})
    return nlp


# Not as decorators: spaCy looks the entry points of pyproject.toml up while it registers, and must find the functions by then.
Language.factory("cqc_sentences", assigns=["token.is_sent_start", "doc.sents"])(_sentences_component)
Language.factory("cqc_evidence", default_config={"model": DEFAULT}, assigns=["doc.spans", "doc._.report"])(_evidence_component)
