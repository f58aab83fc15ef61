"""The methods that an experiment can compare, all behind one small protocol.

A method has ``fit(texts, labels, groups)``, ``predict_proba(texts)`` and ``classes_``, the labels in the order of its
columns. ``texts`` are strings; those that it gets here (:class:`~cqc_nlp.experiments.examples.Texts`) also know their
place among others. Any scikit-learn classifier of texts is one as it stands: ``groups`` are given only to who asks.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from cqc_nlp.errors import ConfigurationError
from cqc_nlp.experiments.configuration import Model
from cqc_nlp.experiments.examples import Texts
from cqc_nlp.framework import SCORES
from cqc_nlp.schema import POLARITIES, Statement
from cqc_nlp.scoring import QualityScorer, evidence_matrix
from cqc_nlp.tagging import StatementTagger
from cqc_nlp.tagging.encoding import TfidfEncoder

ALLOWED = ("sklearn", "imblearn", "lightgbm")
"""Packages whose classes a configuration may name: a configuration of somebody else's must not run other code."""

SHIPPED = "shipped"
Probabilities = NDArray[np.float64]


class Method(Protocol):
    """What an experiment asks of a method."""

    classes_: Any

    def fit(self, texts: Sequence[str], labels: Sequence[str], groups: Sequence[str]) -> Any:
        """Learn from texts with one label each; groups are for splits inside training."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> Any:
        """Probability of each class, shape (texts, classes)."""
        ...


def make(model: Model, seed: int, objects: Mapping[str, Any] | None = None) -> Any:
    """An unfitted method.

    Parameters
    ----------
    model : Model
        What the configuration says of it.
    seed : int
        For what is drawn by chance in it.
    objects : mapping, optional
        Methods made in Python, by name, for ``kind: object``.

    Raises
    ------
    ConfigurationError
        If it does not take these parameters, or a package that it needs is not installed.
    """
    if model.kind == "object":
        if model.name not in (objects or {}):
            raise ConfigurationError(f"models: {model.name}: kind object is for methods made in Python; pass it as run(..., objects=...).")
        return clone((objects or {})[model.name], safe=False)
    try:
        return _KINDS[model.kind](model, seed)
    except TypeError as error:
        raise ConfigurationError(f"models: {model.name}: kind {model.kind} does not take these parameters ({error}); mend them.") from error


def fit_predict(method: Any, train: Any, test: Any) -> Probabilities:
    """Fit a method on some examples and give probabilities for others, shape (texts, labels of the examples).

    Where a text may have several labels, the method is fitted once a label, on ``yes`` and ``no``.
    """
    texts, groups, gold = train.texts, train.groups.tolist(), train.gold
    unseen = test.texts
    if train.several:
        columns = [
            _fitted(clone(method, safe=False), texts, _yes_no(gold[:, n]), groups, unseen, ["no", "yes"])[:, 1]
            for n in range(gold.shape[1])
        ]
        return np.stack(columns, axis=1)
    return _fitted(method, texts, [train.labels[n] for n in gold.argmax(axis=1)], groups, unseen, train.labels)


def _yes_no(column: NDArray[np.bool_]) -> list[str]:
    return ["yes" if value else "no" for value in column]


def _fitted(method: Any, texts: Texts, labels: list[str], groups: list[str], unseen: Texts, order: Sequence[str]) -> Probabilities:
    if len(set(labels)) == 1:  # as few authorities may have: there is nothing to learn
        return np.tile([float(label == labels[0]) for label in order], (len(unseen), 1))
    if "groups" in inspect.signature(method.fit).parameters:
        method.fit(texts, labels, groups)
    else:
        method.fit(texts, labels)
    if hasattr(method, "predict_proba"):
        found = np.asarray(method.predict_proba(unseen), dtype=np.float64)
    else:  # a method without probabilities is as sure as can be of what it says
        found = (np.asarray(method.predict(unseen))[:, None] == np.asarray(method.classes_)).astype(np.float64)
    classes = [str(label) for label in method.classes_]
    full = np.zeros((len(unseen), len(order)))
    full[:, [list(order).index(label) for label in classes]] = found
    return full


class InPlace(BaseEstimator):  # type: ignore[misc]
    """The statement tagger reading statements among their neighbours.

    Parameters
    ----------
    tagger : StatementTagger
        An unfitted one.
    """

    def __init__(self, tagger: StatementTagger) -> None:
        self.tagger = tagger

    def fit(self, texts: Texts, labels: Sequence[str], groups: Sequence[str] | None = None) -> InPlace:
        """Fit the tagger."""
        self.tagger_ = clone(self.tagger).fit_in_place(texts.sequences, labels)
        self.classes_ = self.tagger_.classes_
        return self

    def predict_proba(self, texts: Texts) -> Probabilities:
        """Probabilities of the tagger."""
        return np.asarray(self.tagger_.predict_proba_in_place(texts.sequences))


class Evidence(BaseEstimator):  # type: ignore[misc]
    """The score of a report from its tagged evidence.

    Parameters
    ----------
    tags : {"predicted", "gold"}
        Whose tags: of a tagger that has not seen the authority, or those of the corpus. Gold tags show what the score
        would be with perfect tags.
    folds : int
        Training reports are tagged by this many taggers, each trained without the authorities that it tags.
    C : float
        Of the :class:`~cqc_nlp.scoring.QualityScorer`.
    """

    def __init__(self, tags: str = "predicted", folds: int = 2, C: float = 0.1) -> None:
        if tags not in ("predicted", "gold"):
            raise TypeError(f"tags is predicted or gold, not {tags}")
        self.tags = tags
        self.folds = folds
        self.C = C

    def fit(self, texts: Texts, labels: Sequence[str], groups: Sequence[str]) -> Evidence:
        """Fit the taggers and the scorer."""
        reports = [_statements(sequence) for sequence in texts.sequences]
        tagged = reports
        if self.tags == "predicted":
            self.tagger_ = self._tagger(reports)
            tagged = list(reports)
            for fit, held in GroupKFold(self.folds).split(reports, groups=groups):
                other = self._tagger([reports[i] for i in fit])
                for i in held:
                    tagged[i] = other.tag_sentences(reports[i])
        scorer = QualityScorer(C=self.C).fit(evidence_matrix(tagged), [int(label) for label in labels])
        self.scorer_, self.classes_ = scorer, np.array([str(score) for score in SCORES])
        return self

    def _tagger(self, reports: Sequence[Sequence[Statement]]) -> StatementTagger:
        return StatementTagger(labels=[str(polarity) for polarity in POLARITIES]).fit_statements(reports)

    def predict_proba(self, texts: Texts) -> Probabilities:
        """Probabilities of the four scores."""
        reports = [_statements(sequence) for sequence in texts.sequences]
        if self.tags == "predicted":
            reports = [self.tagger_.tag_sentences(report) for report in reports]
        return self.scorer_.predict_proba(evidence_matrix(reports))


def _statements(sequence: Sequence[Any]) -> tuple[Statement, ...]:
    return tuple(statement for statement in sequence if isinstance(statement, Statement))


class SpacyTextcat(BaseEstimator):  # type: ignore[misc]
    """spaCy's text classifier, trained from nothing.

    Parameters
    ----------
    epochs, batch_size : int
        How often it reads the texts, and how many at once.
    architecture : {"bow", "ensemble"}
        Words alone, which is quick, or spaCy's default, words beside a small network.
    seed : int
        Where its random numbers start.
    """

    def __init__(self, epochs: int = 10, batch_size: int = 64, architecture: str = "bow", seed: int = 0) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.architecture = architecture
        self.seed = seed

    def fit(self, texts: Sequence[str], labels: Sequence[str], groups: Sequence[str] | None = None) -> SpacyTextcat:
        """Train the pipeline."""
        import spacy
        from spacy.training import Example
        from spacy.util import fix_random_seed, minibatch  # type: ignore[attr-defined]

        fix_random_seed(self.seed)
        self.classes_ = np.array(sorted(set(labels)))
        self.nlp_ = spacy.blank("en")
        bow = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1, "no_output_layer": False}
        textcat: Any = self.nlp_.add_pipe("textcat", config={"model": bow} if self.architecture == "bow" else {})
        for label in self.classes_:
            textcat.add_label(str(label))
        examples = [
            Example.from_dict(self.nlp_.make_doc(text), {"cats": {str(c): float(c == label) for c in self.classes_}})
            for text, label in zip(texts, labels, strict=True)
        ]
        optimiser = self.nlp_.initialize(lambda: examples[:100])
        order = random.Random(self.seed)
        for _ in range(self.epochs):
            order.shuffle(examples)
            for batch in minibatch(examples, self.batch_size):
                self.nlp_.update(batch, sgd=optimiser)
        return self

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Probabilities of the text classifier."""
        return np.array([[doc.cats[str(label)] for label in self.classes_] for doc in self.nlp_.pipe(texts)])


class SentenceVectors(BaseEstimator):  # type: ignore[misc]
    """Vectors of a sentence encoder, each text encoded once.

    Parameters
    ----------
    encoder : str
        ``shipped``, the network of the shipped ``accurate`` model; else a folder or a name on the Hugging Face hub, for
        the package sentence-transformers.
    """

    def __init__(self, encoder: str = SHIPPED) -> None:
        self.encoder = encoder

    def fit(self, texts: Sequence[str], labels: Any = None) -> SentenceVectors:
        """Nothing to learn."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text, shape (texts, size)."""
        known = _VECTORS.setdefault(self.encoder, {})
        new = sorted(set(texts) - known.keys())
        if new:
            known.update(zip(new, self._encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    def _encode(self, texts: list[str]) -> Any:
        if self.encoder == SHIPPED:
            from cqc_nlp.models import load_tagger

            return load_tagger("accurate").encoder_.network.vectors(texts)
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ConfigurationError("kind encoder needs a package: pip install sentence-transformers") from error
        try:
            model = SentenceTransformer(self.encoder)
        except (OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise ConfigurationError(
                f"{self.encoder}: no sentence encoder was found there ({first}); give a folder or a hub name."
            ) from error
        return model.encode(texts, batch_size=32, show_progress_bar=False)


_VECTORS: dict[str, dict[str, NDArray[np.float32]]] = {}


def _regression(C: float = 1.0, class_weight: str | None = "balanced", max_iter: int = 2000) -> LogisticRegression:
    return LogisticRegression(C=C, class_weight=class_weight, max_iter=max_iter)


def _words(ngrams: Sequence[int] = (1, 2), min_df: int = 1) -> TfidfVectorizer:
    return TfidfVectorizer(ngram_range=(ngrams[0], ngrams[-1]), min_df=min_df, sublinear_tf=True)


def _tfidf(model: Model, seed: int) -> Any:
    words = {key: value for key, value in model.parameters.items() if key in ("ngrams", "min_df")}
    rest = {key: value for key, value in model.parameters.items() if key not in words}
    return make_pipeline(_words(**words), _regression(**{"C": 10.0, **rest}))


def _tagger(model: Model, seed: int) -> InPlace:
    own = inspect.signature(StatementTagger).parameters.keys() - {"labels", "encoder"}
    heads = {key: value for key, value in model.parameters.items() if key in own}
    rest = {key: value for key, value in model.parameters.items() if key not in own}
    return InPlace(StatementTagger(encoder=TfidfEncoder(without=model.without, **rest), **heads))


def _sklearn(model: Model, seed: int) -> Any:
    name = model.estimator or ""
    package, _, attribute = name.rpartition(".")
    if package.split(".")[0] not in ALLOWED:
        raise ConfigurationError(
            f"models: {model.name}: estimator {name!r} is not of {', '.join(ALLOWED)}; name a class of these, or pass an object in Python."
        )
    try:
        found = getattr(import_module(package), attribute, None)
    except ImportError as error:
        raise ConfigurationError(f"models: {model.name}: estimator {name}: {error}; pip install the package or mend the name.") from error
    if not (inspect.isclass(found) and hasattr(found, "fit") and hasattr(found, "predict")):
        raise ConfigurationError(f"models: {model.name}: estimator {name} is no class with fit and predict; mend the name.")
    estimator: Any = found(**model.parameters)
    if "random_state" in estimator.get_params() and "random_state" not in model.parameters:
        estimator.set_params(random_state=seed)
    return make_pipeline(_words(), estimator)


def _encoder(model: Model, seed: int) -> Any:
    rest = dict(model.parameters)
    return make_pipeline(SentenceVectors(str(rest.pop("encoder", SHIPPED))), _regression(**rest))


def _majority(model: Model, seed: int) -> Any:
    return DummyClassifier(strategy="prior", **model.parameters)


_KINDS: dict[str, Callable[[Model, int], Any]] = {
    "majority": _majority,
    "tfidf": _tfidf,
    "tagger": _tagger,
    "evidence": lambda model, seed: Evidence(**model.parameters),
    "sklearn": _sklearn,
    "spacy": lambda model, seed: SpacyTextcat(**{"seed": seed, **model.parameters}),
    "encoder": _encoder,
}
