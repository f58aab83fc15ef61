"""spaCy: a ``DocBin``, a document a report, with the statements in ``doc.spans["evidence"]`` as :func:`cqc_nlp.load` leaves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cqc_nlp.corpus.exchange.marks import Mark, Paragraph, Part, Task, checked_about, checked_section, checked_tag, located
from cqc_nlp.errors import CorpusError

KEY = "cqc_nlp"


def write(tasks: Sequence[Task], path: Path) -> None:
    """Write reports as documents; labels stand on the spans and in ``span._``."""
    import spacy
    from spacy.tokens import DocBin

    from cqc_nlp.language import extend_spans

    extend_spans()
    nlp, bin_ = spacy.blank("en"), DocBin(store_user_data=True)
    for task in tasks:
        bin_.add(_doc(task, nlp))
    bin_.to_disk(path)


def read(path: Path) -> list[Part]:
    """Read documents that :func:`write` made. The label of a span rules, should ``span._.polarity`` differ."""
    import spacy
    from spacy.tokens import DocBin

    from cqc_nlp.language import extend_spans

    extend_spans()
    try:
        bin_ = DocBin().from_disk(path)
        docs = list(bin_.get_docs(spacy.blank("en").vocab))
    except OSError as error:
        raise CorpusError(f"{path}: the file is missing or cannot be opened ({error.strerror}); check the path.") from error
    except Exception as error:  # msgpack and zlib raise errors of many families on what is no DocBin
        raise CorpusError(f"{path}: this is no DocBin of spaCy, or a broken one; export it again.") from error
    return [_part(doc, f"{path}, document {number}") for number, doc in enumerate(docs, 1)]


def _doc(task: Task, nlp: Any) -> Any:
    doc = nlp.make_doc(task.text)
    doc.user_data[KEY] = {"about": dict(task.about), "scope": task.scope, "paragraphs": task.paragraphs}
    spans = []
    for mark in task.marks:
        span = doc.char_span(mark.start, mark.end, label=str(mark.tag.polarity))
        if span is None:
            raise CorpusError(
                f"{task.about['report']}: spaCy divides no word at the edges of {mark.text[:40]!r}; begin and end it at a space."
            )
        span._.polarity, span._.also, span._.themes = str(mark.tag.polarity), mark.tag.also, mark.tag.themes
        span._.source, span._.checked = str(mark.tag.source), not mark.suggested
        spans.append(span)
    doc.spans["evidence"] = spans
    return doc


def _part(doc: Any, where: str) -> Part:
    try:
        own = doc.user_data[KEY]
        about = checked_about(own["about"], where)
        paragraphs = tuple((int(a), int(b), str(heading), checked_section(kind, where)) for a, b, heading, kind in own["paragraphs"])
        scope = tuple((int(a), int(b)) for a, b in own["scope"])
        spans = doc.spans["evidence"]
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{where}: this is no document of `corpus export docbin` ({type(error).__name__}: {error}).") from error
    return Part(about, tuple(_marks(spans, paragraphs, where)), scope)


def _marks(spans: Any, paragraphs: tuple[Paragraph, ...], where: str) -> Iterator[Mark]:
    for span in spans:
        here = f"{where}, {span.text[:40]!r}"
        heading, kind, number = located(paragraphs, span.start_char, span.end_char, here)
        tag = checked_tag(span.label_, span._.also, span._.themes, span._.source, here)
        yield Mark(span.start_char, span.end_char, span.text, heading, kind, number, tag, span._.checked is False)
