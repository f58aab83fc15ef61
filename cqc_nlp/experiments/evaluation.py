"""Measures of tags and scores against labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix, f1_score, mean_absolute_error

from cqc_nlp.framework import SCORES
from cqc_nlp.schema import ASSERTIONS, POLARITIES, THEMES, Statement


def tag_metrics(gold: Sequence[Statement], predicted: Sequence[Statement]) -> dict[str, Any]:
    """How predicted tags agree with gold ones, statement by statement.

    Returns
    -------
    dict
        ``support`` (gold counts by label), ``confusion`` (counts of predicted polarities by gold one),
        ``calibration_error`` of the polarity, ``label_calibration_error`` of the probability of each polarity and
        theme, ``polarity_macro_f1``, ``polarity_kappa`` (Cohen), ``polarity_accuracy``, F1
        by label for polarity,
        assertions (polarity or ``also``) and themes, ``theme_macro_f1`` and ``source_accuracy``, rounded to
        three places.
    """
    y, p = [str(s.polarity) for s in gold], [str(s.polarity) for s in predicted]
    labels = [str(label) for label in POLARITIES]
    per_label = f1_score(y, p, labels=labels, average=None, zero_division=0)
    assertions = {
        str(a): _f1([a in (s.polarity, *s.also) for s in gold], [a in (s.polarity, *s.also) for s in predicted]) for a in ASSERTIONS
    }
    themes = {str(t): _f1([t in s.themes for s in gold], [t in s.themes for s in predicted]) for t in THEMES}
    return {
        "statements": len(y),
        "support": {label: y.count(label) for label in labels} | {str(t): sum(t in s.themes for s in gold) for t in THEMES},
        "confusion": dict(zip(labels, confusion_matrix(y, p, labels=labels).tolist(), strict=True)),
        "polarity_macro_f1": _round(np.mean(per_label)),
        "polarity_kappa": _round(cohen_kappa_score(y, p)),
        "polarity_accuracy": _round(accuracy_score(y, p)),
        "polarity_f1": {label: _round(value) for label, value in zip(labels, per_label, strict=True)},
        "assertion_f1": assertions,
        "theme_macro_f1": _round(np.mean(list(themes.values()))),
        "theme_f1": themes,
        "calibration_error": _round(calibration_error([a == b for a, b in zip(y, p, strict=True)], [s.confidence for s in predicted])),
        "label_calibration_error": {
            label: _round(calibration_error([label in (s.polarity, *s.themes) for s in gold], [s.probabilities[label] for s in predicted]))
            for label in (*labels, *map(str, THEMES))
        },
        "source_accuracy": _round(accuracy_score([str(s.source) for s in gold], [str(s.source) for s in predicted])),
    }


def calibration_error(right: Sequence[bool], confidence: Sequence[float], bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over bins of equal width, by their size.

    Parameters
    ----------
    right : sequence of bool
        Whether each answer was right.
    confidence : sequence of float
        The probability that it was given, 0 to 1.
    bins : int
        Number of bins (Naeini and others, 2015, take 10).
    """
    right_, confidence_ = np.asarray(right, dtype=float), np.asarray(confidence, dtype=float)
    which = np.minimum((confidence_ * bins).astype(int), bins - 1)
    gaps = [(which == b).mean() * abs(right_[which == b].mean() - confidence_[which == b].mean()) for b in set(which.tolist())]
    return float(sum(gaps))


def score_metrics(gold: Sequence[int], predicted: Sequence[int], probabilities: Any) -> dict[str, float]:
    """How predicted scores agree with given ones.

    Returns
    -------
    dict
        ``qwk`` (quadratic weighted kappa over the four scores, whether they occur or not), ``accuracy``,
        ``adjacent`` (within one), ``mae``, ``macro_f1`` (over the scores that occur) and ``log_loss``.
    """
    gold_, predicted_ = np.asarray(gold), np.asarray(predicted)
    own = np.asarray(probabilities)[np.arange(len(gold_)), gold_ - 1]
    return {
        "reports": len(gold_),
        "qwk": _round(cohen_kappa_score(gold_, predicted_, weights="quadratic", labels=list(SCORES))),
        "accuracy": _round(accuracy_score(gold_, predicted_)),
        "adjacent": _round(np.mean(np.abs(gold_ - predicted_) <= 1)),
        "mae": _round(mean_absolute_error(gold_, predicted_)),
        "macro_f1": _round(f1_score(gold_, predicted_, labels=np.unique(gold_).tolist(), average="macro", zero_division=0)),
        "log_loss": _round(-np.mean(np.log(np.maximum(own, 1e-12)))),
    }


def bootstrap_intervals(
    gold: Sequence[int], probabilities: Any, groups: Sequence[str], draws: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95% percentile intervals of :func:`score_metrics`, authorities drawn with replacement (Efron & Tibshirani, 1993).

    Parameters
    ----------
    gold : sequence of int
        Given scores.
    probabilities : array of shape (reports, 4)
        Predicted ones; the most probable score is the prediction.
    groups : sequence of str
        The authority of each report.
    draws, seed : int
        How many samples, and where the random numbers start.
    """
    gold_, p, names = np.asarray(gold), np.asarray(probabilities), np.asarray(groups)
    members = [np.flatnonzero(names == name) for name in np.unique(names)]
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    for _ in range(draws):
        drawn = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        for name, value in score_metrics(gold_[drawn].tolist(), (p[drawn].argmax(axis=1) + 1).tolist(), p[drawn]).items():
            found.setdefault(name, []).append(value)
    return {
        name: (_round(np.quantile(values, 0.025)), _round(np.quantile(values, 0.975)))
        for name, values in found.items()
        if name != "reports"
    }


def _f1(gold: list[bool], predicted: list[bool]) -> float:
    return _round(f1_score(gold, predicted, zero_division=0))


def _round(value: Any) -> float:
    return round(float(value), 3)
