"""The labelled texts of an experiment: from a corpus folder or a file of lines, with the group of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.corpus.records import SPLITS, LabelledReport, labelled_reports, lines
from cqc_nlp.errors import CorpusError
from cqc_nlp.experiments.configuration import Data
from cqc_nlp.framework import SCORES
from cqc_nlp.schema import POLARITIES, SOURCES, THEMES, Section, SectionKind, Sentence, Statement


class Texts(Sequence[str]):
    """Texts that know their place.

    To a scikit-learn classifier they are a sequence of strings. A method that reads statements among their neighbours
    asks for :attr:`sequences`.

    Parameters
    ----------
    sequences : sequence of sequences of Sentence
        One a document, in order.
    whole : bool
        Whether a text is a document (the task score) and not a sentence.

    Examples
    --------
    >>> texts = Texts([[sentence("Carers waited."), sentence("Beds were short.")]])
    >>> list(texts), [len(sequence) for sequence in texts.sequences]
    (['Carers waited.', 'Beds were short.'], [2])
    """

    def __init__(self, sequences: Sequence[Sequence[Sentence]], whole: bool = False) -> None:
        self.sequences = sequences
        self.whole = whole
        self._texts = [
            text
            for sequence in sequences
            for text in ([" ".join(s.text for s in sequence)] if whole else [s.text for s in sequence])
        ]  # fmt: skip

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: Any) -> Any:
        return self._texts[index]


@dataclass(frozen=True)
class Examples:
    """Labelled texts.

    Attributes
    ----------
    labels : tuple of str
        The labels that there are, in the order of columns.
    several : bool
        Whether a text may have none, one or several of them.
    documents : tuple of Document
        What holds them, in order.
    whole : bool
        Whether a document has one label and not one a sentence.
    """

    labels: tuple[str, ...]
    several: bool
    documents: tuple[Document, ...]
    whole: bool = False

    @property
    def texts(self) -> Texts:
        """The texts, in order."""
        return Texts([document.sentences for document in self.documents], self.whole)

    @property
    def groups(self) -> NDArray[np.str_]:
        """The group of each text: what must not stand on both sides of a split."""
        return np.array([document.group for document in self.documents for _ in document.gold], dtype=str)

    @property
    def ids(self) -> list[str]:
        """The document of each text and its number there."""
        return [f"{document.id}:{number}" for document in self.documents for number in range(len(document.gold))]

    @property
    def gold(self) -> NDArray[np.bool_]:
        """The labels of each text, shape (texts, labels)."""
        rows = [[label in given for label in self.labels] for document in self.documents for given in document.gold]
        return np.array(rows, dtype=bool).reshape(len(rows), len(self.labels))

    def of(self, documents: Sequence[Document]) -> Examples:
        """Those of some of the documents."""
        return Examples(self.labels, self.several, tuple(documents), self.whole)

    def digest(self) -> str:
        """SHA-256 over texts, places, labels and groups."""
        total = hashlib.sha256(json.dumps([self.labels, self.several, self.whole]).encode())
        for document in self.documents:
            total.update(document.digest.encode())
        return total.hexdigest()


@dataclass(frozen=True)
class Document:
    """Sentences in order, and the labels of each of them or of the whole."""

    id: str
    group: str
    split: str | None
    sentences: tuple[Sentence, ...]
    gold: tuple[tuple[str, ...], ...]
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        places = [(s.text, s.paragraph, s.section.kind, s.authority) for s in self.sentences]
        tags = [[str(s.polarity), s.also, s.themes] for s in self.sentences if isinstance(s, Statement)]
        content = json.dumps([self.id, self.group, self.split, places, tags, self.gold])
        object.__setattr__(self, "digest", hashlib.sha256(content.encode()).hexdigest())


def sentence(text: str, paragraph: int = 0, section: Section | None = None) -> Sentence:
    """A text as a sentence of no report."""
    return Sentence(text, 0, len(text), section or Section("", SectionKind.OTHER, 0, len(text)), paragraph)


def read_examples(data: Data, task: str | None) -> Examples:
    """The labelled texts that a configuration asks for.

    Parameters
    ----------
    data : Data
        Where they are, and which of them.
    task : str or None
        Which question of the codebook; None for a file of lines.

    Raises
    ------
    CorpusError
        If a file cannot be read, a line of it is not as it must be, or nothing is left.
    """
    examples = _of_lines(data.lines, data.splits) if data.lines is not None else _of_corpus(data, task or "polarity")
    if not examples.documents:
        raise CorpusError(f"{data.lines or data.corpus or 'the shipped corpus'}: splits, kinds and sections leave no text; ask for more.")
    return examples


def _of_corpus(data: Data, task: str) -> Examples:
    reports = [
        report
        for report in labelled_reports(data.corpus, data.splits or SPLITS)
        if (not data.kinds or report.kind in data.kinds)
        # A score is that of one quality statement; the others are not scored by this model.
        and (task != "score" or report.teaches_score)
    ]
    chosen = ((report, tuple(s for s in report.statements if not data.sections or s.section.kind in data.sections)) for report in reports)
    documents = tuple(_document(report, statements, task) for report, statements in chosen if statements)
    labels = {"polarity": POLARITIES, "themes": THEMES, "source": SOURCES, "score": SCORES}[task]
    return Examples(tuple(map(str, labels)), task == "themes", documents, task == "score")


def _document(report: LabelledReport, statements: tuple[Statement, ...], task: str) -> Document:
    if task == "score":
        # The evidence model learns from tags, so that they stay on.
        return Document(report.id, report.authority, report.split, statements, ((str(report.score),),))
    plain = tuple(Sentence(s.text, s.start, s.end, s.section, s.paragraph, s.repeated, authority=s.authority) for s in statements)
    gold = {
        "polarity": lambda s: (str(s.polarity),),
        "source": lambda s: (str(s.source),),
        "themes": lambda s: tuple(map(str, s.themes)),
    }[task]
    return Document(report.id, report.authority, report.split, plain, tuple(gold(s) for s in statements))


def _of_lines(path: Path, splits: Sequence[str]) -> Examples:
    rows = [row for row in _rows(path) if not splits or row["split"] in splits]
    several = any("labels" in row for row in rows)
    if several and not all("labels" in row for row in rows):
        raise CorpusError(f"{path}: some lines have label and others labels; give every line the same.")
    given = [tuple(row["labels"]) if several else (row["label"],) for row in rows]
    documents = []
    numbered = zip(rows, given, strict=True)
    for number, (name, members) in enumerate(groupby(numbered, key=lambda pair: pair[0].get("document", id(pair[0])))):
        held = list(members)
        group, split = held[0][0]["group"], held[0][0].get("split")
        if any((row["group"], row.get("split")) != (group, split) for row, _ in held):
            raise CorpusError(f"{path}: document {name}: its lines have different groups or splits; a document has one of each.")
        sentences = tuple(sentence(row["text"], row.get("paragraph", 0)) for row, _ in held)
        documents.append(Document(f"{path.stem}-{number}", group, split, sentences, tuple(labels for _, labels in held)))
    return Examples(tuple(sorted({label for labels in given for label in labels})), several, tuple(documents))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(lines(path), 1):
        where = f"{path}, line {number}"
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise CorpusError(f'{where}: there is no text; a line is {{"text": "...", "label": "...", "group": "..."}}.')
        if not isinstance(row.get("group"), str):
            raise CorpusError(f"{where}: there is no group; name what must not stand on both sides of a split, such as the authority.")
        labels = row.get("labels", [row.get("label")])
        if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
            raise CorpusError(f"{where}: there is no label; give label as text, or labels as a list of texts.")
        yield {"split": None, **row}
