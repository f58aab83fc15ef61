"""Honest evaluation of scores: from gold and from predicted tags, beside baselines, on authorities not seen."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cqc_nlp.corpus import LabelledReport, labelled_reports
from cqc_nlp.corpus.profiles import profiles
from cqc_nlp.experiments.evaluation import bootstrap_intervals, score_metrics
from cqc_nlp.experiments.training import FOLDS, fit_scorer
from cqc_nlp.framework import SCORES
from cqc_nlp.models import load_scorer, load_tagger, verify
from cqc_nlp.scoring import QualityScorer, evidence_matrix

if TYPE_CHECKING:
    import pandas as pd

COVERAGES = (0.8, 0.9, 0.95)
WRITTEN = "written reports, test split"
PUBLISHED = "published inspection reports, cross-validated"
Probabilities = NDArray[np.float64]


def evaluate_scores(model: str, corpus: Path | None = None, draws: int = 1000) -> pd.DataFrame:
    """How scores agree with given ones, with 95% bootstrap intervals over authorities.

    Written reports are those of the corpus' test split: their tags come from a tagger, and their scores from a scorer,
    that saw neither them nor their authority. Published ones are inspections of children's services, known by their
    evidence profiles only: each authority is scored by a scorer fitted without it. The four scores count alike.

    Parameters
    ----------
    model : str
        A shipped model or a model folder.
    corpus : path, optional
        Another corpus folder.
    draws : int
        Bootstrap samples.

    Returns
    -------
    pandas.DataFrame
        One row a method, with each figure of :func:`score_metrics` and its interval (``qwk_low``, ``qwk_high``),
        and the share of prediction sets that hold the given score, with their mean size.
    """
    import pandas as pd

    training, test = _reports(corpus, ["train", "validation"]), _reports(corpus, ["test"])
    scores, groups = [r.score for r in test], [r.authority for r in test]
    tagger, scorer = load_tagger(model), copy(load_scorer(model)).set_params(prior=None)
    gold = QualityScorer().fit(evidence_matrix(r.statements for r in training), [r.score for r in training])
    X = evidence_matrix(tagger.tag_sentences(r.statements) for r in test)
    predicted = scorer.predict_proba(X)
    words = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=10, class_weight="balanced", max_iter=3000)
    ).fit([_text(r) for r in training], [r.score for r in training])
    rows = [
        _row(WRITTEN, "predicted tags", scores, predicted, groups, draws) | _coverage(scorer, predicted, scores),
        _row(WRITTEN, "gold tags", scores, gold.predict_proba(evidence_matrix(r.statements for r in test)), groups, draws),
        _row(WRITTEN, "TF-IDF on the text", scores, _full(words, [_text(r) for r in test]), groups, draws),
        _row(WRITTEN, "majority", scores, _majority([r.score for r in training], len(test)), groups, draws),
    ]
    published = profiles(verify(model)["name"], corpus=corpus)
    authorities = published.authorities.tolist()
    out, sets = _cross_validated(published.features, published.grades, published.authorities)
    rows += [
        _row(PUBLISHED, "predicted tags", published.grades.tolist(), out, authorities, draws) | sets,
        _row(PUBLISHED, "majority", published.grades.tolist(), _majority(published.grades, len(out)), authorities, draws),
    ]
    return pd.DataFrame(rows).set_index(["reports of", "method"])


def compare_scorers(model: str, corpus: Path | None = None) -> pd.DataFrame:
    """The ordinal model beside its nearest alternatives on the evidence profiles of published reports.

    Five folds, split by authority; the four grades weighted alike where the method can.

    Returns
    -------
    pandas.DataFrame
        One row a method; ``mord`` (LogisticAT) only where that package is installed.
    """
    import pandas as pd

    published = profiles(verify(model)["name"], corpus=corpus)
    forest = RandomForestClassifier(500, class_weight="balanced", min_samples_leaf=5, random_state=0)
    methods: dict[str, Any] = {
        "cumulative link, monotone (shipped)": QualityScorer(),
        "cumulative link, free": QualityScorer(monotone=False),
        "multinomial logistic regression": make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=3000)),
        "ridge, rounded": make_pipeline(StandardScaler(), _RoundedRidge()),
        "random forest on P(score > k)": _OrdinalForest(forest),
    }
    try:
        from mord import LogisticAT  # type: ignore[import-not-found,unused-ignore]

        methods["mord LogisticAT"] = make_pipeline(StandardScaler(), LogisticAT())
    except ImportError:
        pass
    rows = []
    for name, method in methods.items():
        p = np.zeros((len(published.grades), len(SCORES)))
        for fit, held in GroupKFold(FOLDS).split(published.features, groups=published.authorities):
            estimator = clone(method).fit(published.features[fit], published.grades[fit])
            p[held] = _full(estimator, published.features[held])
        rows.append({"method": name, **score_metrics(published.grades.tolist(), (p.argmax(axis=1) + 1).tolist(), p)})
    return pd.DataFrame(rows).set_index("method")


def _reports(corpus: Path | None, splits: Sequence[str]) -> list[LabelledReport]:
    return [r for split in splits for r in labelled_reports(corpus, [split]) if r.teaches_score]


def _text(report: LabelledReport) -> str:
    """The statements alone: no heading, no printed score."""
    return " ".join(statement.text for statement in report.statements)


def _row(reports: str, method: str, gold: Sequence[int], p: Probabilities, groups: Sequence[str], draws: int) -> dict[str, Any]:
    figures = score_metrics(gold, (p.argmax(axis=1) + 1).tolist(), p)
    intervals = bootstrap_intervals(gold, p, groups, draws)
    ends = {f"{name}_{end}": value for name, pair in intervals.items() for end, value in zip(("low", "high"), pair, strict=True)}
    return {"reports of": reports, "method": method, **figures, **ends}


def _coverage(scorer: QualityScorer, p: Probabilities, gold: Sequence[int]) -> dict[str, float]:
    found = {}
    for coverage in COVERAGES:
        sets = scorer.prediction_sets(p, coverage)
        found[f"covered_{coverage:.0%}"] = round(float(np.mean([score in s for score, s in zip(gold, sets, strict=True)])), 3)
        found[f"size_{coverage:.0%}"] = round(float(np.mean([len(s) for s in sets])), 2)
    return found


def _cross_validated(X: Any, y: NDArray[np.int_], groups: NDArray[np.str_]) -> tuple[Probabilities, dict[str, float]]:
    """Out-of-fold probabilities, and the coverage of sets calibrated within the other folds."""
    from cqc_nlp.corpus.profiles import Profiles

    p = np.zeros((len(y), len(SCORES)))
    parts = []
    for fit, held in GroupKFold(FOLDS).split(X, groups=groups):
        scorer = fit_scorer(X[:0], [], Profiles(groups[fit], y[fit], X[fit])).set_params(prior=None)
        p[held] = scorer.predict_proba(X[held])
        parts.append((len(held), _coverage(scorer, p[held], y[held].tolist())))
    total = sum(size for size, _ in parts)
    return p, {name: round(sum(size * found[name] for size, found in parts) / total, 3) for name in parts[0][1]}


def _majority(training: Any, count: int) -> Probabilities:
    return _full(DummyClassifier(strategy="prior").fit(np.zeros((len(training), 1)), training), np.zeros((count, 1)))


def _full(estimator: Any, X: Any) -> Probabilities:
    """Probabilities of the four scores, also of an estimator that has seen fewer."""
    p = np.zeros((len(X), len(SCORES)))
    p[:, np.asarray(estimator.classes_, dtype=int) - 1] = estimator.predict_proba(X)
    return p


class _RoundedRidge(Ridge):  # type: ignore[misc]
    """Ridge regression of the score, rounded; it has no probabilities but those of certainty."""

    classes_ = np.array(SCORES)

    def predict_proba(self, X: Any) -> Probabilities:
        return np.asarray(np.eye(len(SCORES))[np.clip(np.rint(self.predict(X)), 1, 4).astype(int) - 1])


class _OrdinalForest(BaseEstimator):  # type: ignore[misc]
    """A forest for each of P(score > 1), P(score > 2), P(score > 3) (Frank & Hall, 2001)."""

    def __init__(self, forest: Any) -> None:
        self.forest = forest

    def fit(self, X: Any, y: Any) -> _OrdinalForest:
        self.classes_ = np.array(SCORES)
        self.forests_ = [clone(self.forest).fit(X, np.asarray(y) > score) for score in SCORES[:-1]]
        return self

    def predict_proba(self, X: Any) -> Probabilities:
        above = np.column_stack([np.ones(len(X)), *(forest.predict_proba(X)[:, -1] for forest in self.forests_), np.zeros(len(X))])
        above = np.minimum.accumulate(above, axis=1)
        return np.asarray(-np.diff(above, axis=1))
