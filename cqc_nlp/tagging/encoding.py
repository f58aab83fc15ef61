"""Statements → numbers: the TF-IDF encoder of the ``fast`` tagger."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator

from cqc_nlp import authority
from cqc_nlp.patterns import prepare
from cqc_nlp.reading.encoding import visible
from cqc_nlp.schema import SectionKind, Sentence
from cqc_nlp.tagging.cues import cue_matrix
from cqc_nlp.tagging.vectors import CharacterVectorizer, WordVectorizer

FEATURE_GROUPS = ("words", "characters", "cues", "before", "place")
"""What :class:`TfidfEncoder` may leave out; ``before`` is the cues of the statement before."""

_SECTION_KINDS = tuple(SectionKind)
_SHORT = 2_000
_GRADE = (
    r"[\"'“‘]?(?:outstanding|good|requires improvement|inadequate"
    r"|[1-4](?=[\"'”’]?(?:[.,;)]|$| (?:for|on|against|under|out|overall|in)\b)))\b[\"'”’]?"
)
_GRADING = r"(?:scor|rat|grad|assess|judg|giv|consider)(?:ed|e|es|ing|en|ers?)?|consider"
_OBJECT = r"(?: (?:ourselves|itself|ours?|this|our|the|area|quality|statement|as|at|to|be|being|an?|overall|currently|score|of))"
_AUXILIARY = r"(?: (?:have|has|had|are|is|was|were|been|be|would|currently|therefore|ourselves|itself|self))"
_OWN_GRADE, _PERCENT, _YEAR, _NUMBER = prepare([
    re.compile(
        r"evidence shows (?:an exceptional standard|a good standard|(?:some|significant) shortfalls)"
        rf"|\b(?:we|ourselves)\b{_AUXILIARY}{{0,4}} (?:{_GRADING}){_OBJECT}{{0,6}} {_GRADE}"
        rf"|(?:^|[.;:,] |\bthat )(?:the |our )?(?:local )?(?:authority|council|borough){_AUXILIARY}{{0,4}}"
        rf" (?:{_GRADING}){_OBJECT}{{0,6}} {_GRADE}"
        r"|\b(?:our|own|self[- ]assess\w*|overall|(?:authority|council)['’]s)(?: [\w-]+){0,2}"
        r" (?:score|rating|grade|judgement|self-assessment)"
        rf"(?: (?:for|of|against|on) (?:this|the|our) (?:area|quality statement))?"
        rf"(?: (?:is|was|of|remains|as|at))+ (?:{_GRADE}|one|two|three|four)\b"
        rf"|\bour self-assessment (?:is|was) (?:{_GRADE}|one|two|three|four)\b",
        re.IGNORECASE,
    ),
    re.compile(r"\d+(?:\.\d+)?\s?(?:%|per ?cent)"),
    re.compile(r"\b(?:19|20)\d\d(?:[/–-]\d\d(?:\d\d)?)?\b"),
    re.compile(r"\d[\d,.]*"),
])  # fmt: skip


def mask_own_grade(text: str) -> str:
    """The text without what a document says of its own score: that is the answer, not evidence for it.

    Ratings of services are evidence and stay.

    Examples
    --------
    >>> mask_own_grade("We have assessed ourselves as good. 84% of care homes were rated good.")
    '_score_. 84% of care homes were rated good.'
    """
    return _masked(text) if len(text) < _SHORT else _OWN_GRADE.sub("_score_", text)


@lru_cache(maxsize=512)
def _masked(text: str) -> str:
    return _OWN_GRADE.sub("_score_", text)


def model_text(sentence: Sentence) -> str:
    """The sentence as models see it: without the authority's own name and its own grade.

    Examples
    --------
    >>> from cqc_nlp import language, read_text
    >>> report = read_text("Example Council: our year\\n\\nExample Council knew that carers in Example waited for a break.")
    >>> [model_text(sentence) for sentence in language.sentences(report)]
    ['The local authority knew that carers in the area waited for a break.']
    """
    return mask_own_grade(authority.mask(visible(sentence.text), sentence.authority))


def normalise(text: str) -> str:
    """The text as the vocabularies see it: figures by kind, and no word of the document's own score.

    Examples
    --------
    >>> normalise("In 2023/24, 28.9% of 1,200 carers had a break. Evidence shows some shortfalls.")
    'In _year_, _percent_ of _number_ carers had a break. _score_.'
    """
    text = _PERCENT.sub("_percent_", mask_own_grade(text))
    text = _YEAR.sub("_year_", text)
    return _NUMBER.sub(lambda match: "_number_" + match.group()[len(match.group().rstrip(",.")) :], text)


class TfidfEncoder(BaseEstimator):
    """Word and character TF-IDF, cue rules and the place in the report.

    Parameters
    ----------
    word_features, character_features : int
        How many of the most frequent n-grams to keep.
    cue_weight : float
        Of a cue beside a row of TF-IDF, which has length one.
    without : sequence of str
        Groups of features to leave out, of ``FEATURE_GROUPS``: what does each of them add?
    neighbour_weight : float
        Of the words of the statements before and after in the same paragraph; 0 leaves them out.
    position_weight : float
        Of how near the statement is to the first and to the last of the sequence; 0 leaves it out.
    """

    def __init__(
        self,
        word_features: int = 40_000,
        character_features: int = 30_000,
        cue_weight: float = 0.3,
        without: Sequence[str] = (),
        neighbour_weight: float = 0.0,
        position_weight: float = 0.0,
    ) -> None:
        self.word_features = word_features
        self.character_features = character_features
        self.cue_weight = cue_weight
        self.without = without
        self.neighbour_weight = neighbour_weight
        self.position_weight = position_weight

    def _vectorizers(self) -> tuple[WordVectorizer, CharacterVectorizer]:
        word = WordVectorizer(
            ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=self.word_features,
            token_pattern=r"[^\W\d]['’\w]*", dtype=np.float32,
        )  # fmt: skip
        character = CharacterVectorizer(
            analyzer="char_wb", ngram_range=(3, 4), min_df=4, sublinear_tf=True,
            max_features=self.character_features, dtype=np.float32,
        )  # fmt: skip
        return word, character

    def fit(self, sequences: Sequence[Sequence[Sentence]], y: Any = None) -> TfidfEncoder:
        """Learn the vocabularies."""
        unknown = set(self.without) - set(FEATURE_GROUPS)
        if unknown or set(self.without) == set(FEATURE_GROUPS):
            raise ValueError(f"without names groups of features, not all of {', '.join(FEATURE_GROUPS)}; got {list(self.without)}.")
        texts = [normalise(model_text(sentence)) for sequence in sequences for sentence in sequence]
        self.word_, self.character_ = self._vectorizers()
        # A handful of texts has no n-gram that stands in several of them.
        if len(texts) < 50:
            self.word_.set_params(min_df=1)
            self.character_.set_params(min_df=1)
        self.word_.fit(texts)
        self.character_.fit(texts)
        return self

    def transform(self, sequences: Sequence[Sequence[Sentence]]) -> csr_matrix:
        """One row a sentence, in order; shape (sentences, features)."""
        flat = [sentence for sequence in sequences for sentence in sequence]
        seen = [model_text(sentence) for sentence in flat]
        starts = np.cumsum([0, *map(len, sequences)]).tolist()
        before = [text for start, sequence in zip(starts, sequences, strict=False) for text in _previous(sequence, seen[start:])]
        texts = [normalise(text) for text in seen]
        place = np.zeros((len(flat), len(_SECTION_KINDS) + 1), dtype=np.float32)
        for row, (sentence, previous) in enumerate(zip(flat, before, strict=True)):
            place[row, _SECTION_KINDS.index(sentence.section.kind)] = 1
            place[row, -1] = not previous
        cues = cue_matrix(seen)
        cues_before = np.vstack([cue_matrix([""]), cues[:-1]]) if seen else cues
        for row, previous in enumerate(before):
            if not previous:
                cues_before[row] = cues_before[0]
        groups = {
            "words": lambda: self.word_.transform(texts),
            "characters": lambda: self.character_.transform(texts),
            "cues": lambda: csr_matrix(cues) * self.cue_weight,
            "before": lambda: csr_matrix(cues_before) * (self.cue_weight * 0.6),
            "place": lambda: csr_matrix(place) * self.cue_weight,
        }
        parts = [rows() for name, rows in groups.items() if name not in self.without]
        if self.neighbour_weight:
            after = [
                text
                for start, sequence in zip(starts, sequences, strict=False)
                for text in _previous(sequence[::-1], seen[start : start + len(sequence)][::-1])[::-1]
            ]
            parts += [self.word_.transform([normalise(text) for text in near]) * self.neighbour_weight for near in (before, after)]
        if self.position_weight:
            parts.append(csr_matrix(np.vstack([_positions(len(sequence)) for sequence in sequences])) * self.position_weight)
        return hstack(parts, format="csr", dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the vocabularies and weights to ``vocabulary.json``."""
        data = {}
        for name, vectorizer in (("word", self.word_), ("character", self.character_)):
            terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
            data[name] = {"terms": terms, "idf": [round(float(value), 4) for value in vectorizer.idf_]}
        (folder / "vocabulary.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        """What ``model.json`` says of it."""
        return {"type": type(self).__name__, **self.get_params()}

    @classmethod
    def load(cls, folder: Path, settings: Mapping[str, Any]) -> TfidfEncoder:
        """The encoder that :meth:`save` wrote."""
        encoder = cls(**{key: value for key, value in settings.items() if key != "type"})
        data = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        encoder.word_, encoder.character_ = encoder._vectorizers()
        for name, vectorizer in (("word", encoder.word_), ("character", encoder.character_)):
            vectorizer.vocabulary = {term: column for column, term in enumerate(data[name]["terms"])}
            vectorizer.idf_ = np.asarray(data[name]["idf"], dtype=np.float32)
        return encoder


def _positions(length: int) -> NDArray[np.float32]:
    """Which of the first and last statements each one is, and how far it stands from both ends; shape (length, 12)."""
    order = np.arange(length)
    from_ends = np.stack([order, order[::-1]])
    near = from_ends[..., None] == np.arange(5)
    decay = 1 / (1 + from_ends)
    return np.hstack([*near, decay.T]).astype(np.float32)


def _previous(sequence: Sequence[Sentence], seen: Sequence[str]) -> list[str]:
    """For each sentence the text of the one before it in its paragraph, as models see it, or nothing."""
    texts = [""] * len(sequence)
    for number in range(1, len(sequence)):
        if sequence[number - 1].paragraph == sequence[number].paragraph:
            texts[number] = seen[number - 1]
    return texts
