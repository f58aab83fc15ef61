"""The statement tagger: an encoder and scikit-learn heads, one a question of the codebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.validation import check_is_fitted

from cqc_nlp.schema import ASSERTIONS, SOURCES, THEMES, Polarity, Section, SectionKind, Sentence, Source, Speaker, Statement, Tag
from cqc_nlp.tagging.encoding import TfidfEncoder
from cqc_nlp.tagging.figures import figures
from cqc_nlp.tagging.speakers import speakers, spoken_source

Text = str | Sentence
_POLARITIES = {str(polarity): polarity for polarity in Polarity}


class StatementTagger(ClassifierMixin, BaseEstimator):
    """Tag statements with polarity, further polarities, themes and source.

    A scikit-learn classifier of texts: its classes are the polarities, or any labels of your own.
    Trained on tagged statements (:meth:`fit_statements`), it also gives ``also``, themes and source.

    Parameters
    ----------
    labels : sequence of str, optional
        The classes, in the order that ``predict_proba`` shall have. Left out: the sorted labels of ``y``.
    encoder : transformer, optional
        Turns sequences of sentences into rows; :class:`~cqc_nlp.tagging.encoding.TfidfEncoder` if left out.
    C : float
        Inverse strength of the L2 penalty of the heads.
    class_weight : str or None
        ``"balanced"`` gives each class the same weight in training; None, its share.
    max_iter : int
        Most iterations of the solver.

    Attributes
    ----------
    classes_ : ndarray of shape (classes,)
        The classes, in the order of the columns of ``predict_proba``: as in ``labels``, else sorted.
    thresholds_ : dict of str to float
        The probability from which a theme, or a further polarity (``"also:plan"``), is given.

    Examples
    --------
    >>> texts = ["There were no waits.", "People waited months.", "Nobody waited.", "Waits were long."]
    >>> tagger = StatementTagger(labels=["fine", "late"]).fit(texts, ["fine", "late", "fine", "late"])
    >>> tagger.predict(["There were long waits."]).tolist()
    ['late']
    """

    def __init__(
        self,
        labels: Sequence[str] | None = None,
        encoder: Any = None,
        C: float = 2.0,
        class_weight: str | None = "balanced",
        max_iter: int = 300,
    ) -> None:
        self.labels = labels
        self.encoder = encoder
        self.C = C
        self.class_weight = class_weight
        self.max_iter = max_iter

    def fit(self, X: Iterable[Text], y: Iterable[str]) -> StatementTagger:
        """Learn polarities, or labels of your own.

        Parameters
        ----------
        X : iterable of str or Sentence
            Texts, each on its own.
        y : iterable of str
            One label a text. Whole numbers will do as well.
        """
        return self.fit_in_place([[sentence] for sentence in _sentences(X)], y)

    def fit_in_place(self, sequences: Sequence[Sequence[Sentence]], y: Iterable[str]) -> StatementTagger:
        """Learn labels of your own from sentences that are read among their neighbours.

        Parameters
        ----------
        sequences : sequence of sequences of Sentence
            One a document, in order.
        y : iterable of str
            One label a sentence, in the same order.
        """
        targets = _labels(y)
        count = sum(map(len, sequences))
        if len(targets) != count:
            raise ValueError(f"There are {count} texts and {len(targets)} labels; give one label a text.")
        for head in ("assertion_head_", "theme_head_", "source_head_"):
            if hasattr(self, head):  # of an earlier fit_statements, which does not know these labels
                delattr(self, head)
        rows = self._learn(sequences, targets)
        self._fit_polarity(rows, targets)
        return self

    def fit_statements(self, sequences: Sequence[Sequence[Statement]]) -> StatementTagger:
        """Learn every label from tagged statements.

        Parameters
        ----------
        sequences : sequence of sequences of Statement
            One a report, in order, so that the statement before is known; a single statement is a sequence of one.
        """
        rows = self._learn(sequences)
        statements = [statement for sequence in sequences for statement in sequence]
        self._fit_polarity(rows, np.asarray([str(statement.polarity) for statement in statements]))
        asserted = [[polarity in (s.polarity, *s.also) for polarity in ASSERTIONS] for s in statements]
        self.assertion_head_ = self._multilabel_head().fit(rows, np.asarray(asserted, dtype=int))
        self.theme_head_ = self._multilabel_head().fit(rows, np.asarray([[t in s.themes for t in THEMES] for s in statements], dtype=int))
        self.source_head_ = LogisticRegression(C=self.C, max_iter=self.max_iter).fit(rows, [str(s.source) for s in statements])
        return self

    def tune(self, sequences: Sequence[Sequence[Statement]]) -> StatementTagger:
        """Set the thresholds of themes and further polarities where F1 is best on statements not trained on."""
        rows = self.encoder_.transform(sequences)
        statements = [statement for sequence in sequences for statement in sequence]
        themes = self.theme_head_.predict_proba(rows)
        assertions = self.assertion_head_.predict_proba(rows)
        predicted = self.classes_[self.polarity_head_.predict_proba(rows)[:, self._columns()].argmax(axis=1)]
        for column, theme in enumerate(THEMES):
            self.thresholds_[str(theme)] = _best_threshold([theme in s.themes for s in statements], themes[:, column])
        for column, polarity in enumerate(ASSERTIONS):
            open_ = predicted != str(polarity)
            truth = [polarity in s.also for s in statements]
            self.thresholds_[f"also:{polarity}"] = _best_threshold(np.asarray(truth)[open_], assertions[open_, column])
        return self

    def predict_proba(self, X: Iterable[Text]) -> NDArray[np.float64]:
        """Probability of each class, shape (texts, classes), columns in the order of ``classes_``."""
        check_is_fitted(self)
        return self.predict_proba_in_place([[sentence] for sentence in _sentences(X)])

    def predict_proba_in_place(self, sequences: Sequence[Sequence[Sentence]]) -> NDArray[np.float64]:
        """Probability of each class for sentences that are read among their neighbours, shape (sentences, classes)."""
        check_is_fitted(self)
        rows = self.encoder_.transform(sequences)
        return np.asarray(self.polarity_head_.predict_proba(rows)[:, self._columns()], dtype=np.float64)

    def predict(self, X: Iterable[Text]) -> NDArray[Any]:
        """The most probable class of each text, shape (texts,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def tag(self, texts: Iterable[Text]) -> list[Tag]:
        """The tag of each text on its own.

        Parameters
        ----------
        texts : iterable of str or Sentence
            Single statements.

        Returns
        -------
        list of Tag
        """
        alone = [[sentence] for sentence in _sentences(texts)]
        return [_by_its_words(tag, *speakers(sentence)) for tag, sentence in zip(self._tags(alone), alone, strict=True)]

    def tag_sentences(self, sentences: Sequence[Sentence]) -> tuple[Statement, ...]:
        """The sentences of one report, in order, tagged in their place, with their figures."""
        return place(sentences, self._tags([sentences]))

    def logits(self, sequences: Sequence[Sequence[Sentence]]) -> NDArray[np.float64]:
        """Log-probabilities of polarity and source and log-odds of further polarities and themes.

        Returns
        -------
        ndarray of shape (sentences, 16)
            Columns: the classes, the three assertions, the four themes, the five sources.
        """
        rows = self.encoder_.transform(sequences)
        sources = [self.source_head_.classes_.tolist().index(str(source)) for source in SOURCES]
        return np.hstack([
            np.log(np.maximum(self.polarity_head_.predict_proba(rows)[:, self._columns()], 1e-6)),
            self.assertion_head_.decision_function(rows),
            self.theme_head_.decision_function(rows),
            np.log(np.maximum(self.source_head_.predict_proba(rows)[:, sources], 1e-6)),
        ])  # fmt: skip

    def __getstate__(self) -> dict[str, Any]:
        """A tagger that was opened from a folder travels as the name of that folder, and is opened again where it arrives."""
        state = dict(super().__getstate__())
        opened = state.pop("_opened", None)
        if opened is None:
            return state
        own = {key: value for key, value in state.items() if key not in opened.parts or value is not opened.parts[key]}
        return own if len(own) == len(state) else {**own, "_opened": opened[:2]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open again what stayed behind."""
        own = dict(state)
        if "_opened" in own:
            from cqc_nlp.models import reopen

            self._opened = reopen(*own.pop("_opened"))
            self.__dict__.update(self._opened.parts)
        super().__setstate__(own)

    def _tags(self, sequences: Sequence[Sequence[Sentence]]) -> list[Tag]:
        check_is_fitted(self)
        if not any(len(sequence) for sequence in sequences):
            return []
        rows = self.encoder_.transform(sequences)
        polarity = self.polarity_head_.predict_proba(rows)[:, self._columns()]
        if not hasattr(self, "theme_head_"):
            return [self._tag(row, None, None, None) for row in polarity]
        assertion = self.assertion_head_.predict_proba(rows)
        theme = self.theme_head_.predict_proba(rows)
        source = self.source_head_.predict(rows)
        return [self._tag(*values) for values in zip(polarity, assertion, theme, source, strict=True)]

    def _tag(self, polarity: Any, assertion: Any, theme: Any, source: str | None) -> Tag:
        best = int(polarity.argmax())
        name = str(self.classes_[best])
        probabilities = {str(label): float(value) for label, value in zip(self.classes_, polarity, strict=True)}
        if theme is None or source is None:
            return Tag(_POLARITIES.get(name, name), (), (), None, float(polarity[best]), probabilities)
        also = tuple(
            label
            for label, value in zip(ASSERTIONS, assertion, strict=True)
            if label != name and value >= self.thresholds_.get(f"also:{label}", 0.5)
        )
        themes = tuple(label for label, value in zip(THEMES, theme, strict=True) if value >= self.thresholds_.get(str(label), 0.5))
        probabilities |= {str(label): float(value) for label, value in zip(THEMES, theme, strict=True)}
        return Tag(Polarity(name), also, themes, Source(source), float(polarity[best]), probabilities)

    def _learn(self, sequences: Sequence[Sequence[Sentence]], targets: NDArray[Any] | None = None) -> Any:
        """Rows of an encoder that is fitted to the sequences; one that learns from labels gets the targets."""
        self.encoder_ = clone(self.encoder) if self.encoder is not None else TfidfEncoder()
        self.encoder_.fit(sequences, targets)
        return self.encoder_.transform(sequences)

    def _fit_polarity(self, rows: Any, targets: NDArray[Any]) -> None:
        found = sorted(set(targets.tolist()))
        self.classes_ = _labels(self.labels if self.labels is not None else found)
        if found == list(range(len(self.classes_))):
            # scikit-learn's cross_val_predict puts the numbers of the sorted labels in their place.
            self.classes_ = self.classes_.argsort().argsort()
        unknown = set(found) - set(self.classes_.tolist())
        if unknown:
            raise ValueError(f"The labels {sorted(unknown)} are not among {self.classes_.tolist()}.")
        if len(found) < len(self.classes_) or len(found) < 2:
            raise ValueError(f"Training needs examples of two or more labels and of every label given; got {found}.")
        self.polarity_head_ = LogisticRegression(C=self.C, class_weight=self.class_weight, max_iter=self.max_iter).fit(rows, targets)
        self.thresholds_: dict[str, float] = {}

    def _columns(self) -> list[int]:
        """The columns of the head, which sorts its classes, in the order of ``classes_``."""
        order = self.polarity_head_.classes_.tolist()
        return [order.index(label) for label in self.classes_.tolist()]

    def _multilabel_head(self) -> OneVsRestClassifier:
        return OneVsRestClassifier(LogisticRegression(C=2 * self.C, solver="liblinear", max_iter=self.max_iter))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def place(sentences: Sequence[Sentence], tags: Iterable[Tag]) -> tuple[Statement, ...]:
    """Sentences of one report with their tags, and with what the rules find in them."""
    heard = speakers(sentences)
    return tuple(map(Statement.of, sentences, map(_by_its_words, tags, heard), figures(sentences), heard))


def _by_its_words(tag: Tag, heard: tuple[Speaker, ...]) -> Tag:
    """The tag with the source that the words show, where they do: they are right where the model is not, far more often than not."""
    spoken = spoken_source(heard) if tag.source else None
    return replace(tag, source=spoken) if spoken else tag


def _sentences(texts: Iterable[Text]) -> list[Sentence]:
    """Each text as a sentence of its own."""
    if isinstance(texts, str):
        raise ValueError("Give a list of texts, not one text: tagger.tag([text]).")
    if getattr(texts, "ndim", 1) != 1:
        raise ValueError('Give a list or one column of texts, not a table: tagger.predict(frame["text"]).')
    return [
        text if isinstance(text, Sentence) else Sentence(text, 0, len(text), Section("", SectionKind.OTHER, 0, len(text)), 0)
        for text in map(_checked, texts)
    ]


def _labels(labels: Iterable[Any]) -> NDArray[Any]:
    """Labels as an array: whole numbers as they are, all else as text."""
    values = [label.item() if isinstance(label, np.generic) else label for label in labels]
    if all(isinstance(label, int) for label in values):
        return np.asarray(values)
    mistaken = [label for label in values if not isinstance(label, str)]
    if mistaken:
        raise ValueError(f"A label is a str or a whole number, the same for all; got {mistaken[0]!r} ({type(mistaken[0]).__name__}).")
    return np.asarray([str(label) for label in values])


def _checked(text: Any) -> Text:
    if isinstance(text, (str, Sentence)):
        return text
    raise TypeError(f"A statement is a str or a Sentence; got {type(text).__name__}.")


def _best_threshold(truth: Any, probability: NDArray[np.float64]) -> float:
    """The threshold of the highest F1, between 0.2 and 0.8."""
    truth = np.asarray(truth, dtype=int)
    if not truth.any():
        return 0.5
    precision, recall, thresholds = precision_recall_curve(truth, probability)
    f1 = 2 * precision[:-1] * recall[:-1] / np.maximum(precision[:-1] + recall[:-1], 1e-9)
    allowed = (thresholds >= 0.2) & (thresholds <= 0.8)
    if not allowed.any():
        return 0.5
    return round(float(thresholds[allowed][f1[allowed].argmax()]), 3)
