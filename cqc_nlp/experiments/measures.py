"""Figures of predictions that add up over groups: each is a function of counts, so that groups can be drawn again.

The counts of a group are a confusion matrix for each question (one question; or one a label where a text may have
several) and, for the calibration error, the size, the right ones and the summed confidence of ten bins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
BINS = 10


def answers(probabilities: Array, several: bool) -> Flags:
    """The labels given, shape (texts, labels): the most probable one, or each above one half where several may be given."""
    if several:
        return np.asarray(probabilities >= 0.5)
    return np.asarray(np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, None])


def counts(gold: Flags, probabilities: Array, groups: Sequence[str] | NDArray[np.str_], several: bool) -> Array:
    """Counts by group, in the order of the sorted groups.

    Parameters
    ----------
    gold : bool array of shape (texts, labels)
        The labels of each text.
    probabilities : array of shape (texts, labels)
        Predicted.
    groups : sequence of str
        One a text.
    several : bool
        Whether a text may have none, one or several labels.

    Returns
    -------
    ndarray of shape (groups, questions * k * k + 30)
        With ``k`` two where texts may have several labels, else the number of labels.
    """
    given = answers(probabilities, several)
    names, which = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if several:
        cells = gold * 2 + given + 4 * np.arange(gold.shape[1])
        width = 4 * gold.shape[1]
        confidence, right = np.where(given, probabilities, 1 - probabilities), gold == given
    else:
        k = gold.shape[1]
        cells, width = (gold.argmax(axis=1) * k + given.argmax(axis=1))[:, None], k * k
        confidence, right = probabilities.max(axis=1)[:, None], (gold & given).any(axis=1, keepdims=True)
    found = np.zeros((len(names), width + 3 * BINS))
    rows = np.broadcast_to(which[:, None], cells.shape)
    np.add.at(found, (rows, cells), 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    for number, value in enumerate((np.ones_like(confidence), right, confidence)):
        np.add.at(found, (rows, width + number * BINS + bins), value)
    return found


def statistic(metric: str, labels: int, several: bool) -> Callable[[Array], Array]:
    """The function from summed counts, shape (..., counts), to the figure."""

    def of(total: Array) -> Array:
        return METRICS[metric](total, labels, several)

    return of


def _confusion(total: Array, labels: int, several: bool) -> Array:
    """Shape (..., questions, k, k): rows are given, columns predicted."""
    questions, k = (labels, 2) if several else (1, labels)
    return total[..., : questions * k * k].reshape(*total.shape[:-1], questions, k, k)


def label_f1(total: Array, labels: int, several: bool) -> Array:
    """F1 of each label, shape (..., labels); 0 for one that neither occurs nor is predicted."""
    table = _confusion(total, labels, several)
    if several:
        right, either = table[..., 1, 1], table[..., 1, :].sum(-1) + table[..., :, 1].sum(-1)
    else:
        table = table[..., 0, :, :]
        right, either = np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1) + table.sum(-2)
    return np.asarray(2 * right / np.maximum(either, 1))


def macro_f1(total: Array, labels: int, several: bool) -> Array:
    """Mean F1 of the labels that occur or are predicted, as scikit-learn has it."""
    table = _confusion(total, labels, several)
    if several:
        occurs = table[..., 1, :].sum(-1) + table[..., :, 1].sum(-1) > 0
    else:
        occurs = (table.sum(-1) + table.sum(-2))[..., 0, :] > 0
    return np.asarray((label_f1(total, labels, several) * occurs).sum(-1) / np.maximum(occurs.sum(-1), 1))


def accuracy(total: Array, labels: int, several: bool) -> Array:
    """The share of right answers, over all labels where a text may have several."""
    table = _confusion(total, labels, several)
    return np.asarray(np.trace(table, axis1=-2, axis2=-1).sum(-1) / np.maximum(table.sum((-1, -2, -3)), 1))


def kappa(total: Array, labels: int, several: bool, weights: Array | None = None) -> Array:
    """Cohen's kappa, the mean over labels where a text may have several; 0 where it is not defined."""
    table = _confusion(total, labels, several)
    k = table.shape[-1]
    weights = 1 - np.eye(k) if weights is None else weights
    share = table / np.maximum(table.sum((-1, -2), keepdims=True), 1)
    seen = (share * weights).sum((-1, -2))
    by_chance = (share.sum(-1)[..., :, None] * share.sum(-2)[..., None, :] * weights).sum((-1, -2))
    return np.asarray(np.where(by_chance > 0, 1 - seen / np.where(by_chance > 0, by_chance, 1), 0.0).mean(-1))


def qwk(total: Array, labels: int, several: bool) -> Array:
    """Quadratic weighted kappa over all the labels, in their order."""
    place = np.arange(labels)
    return kappa(total, labels, several, np.asarray((place[:, None] - place) ** 2, dtype=np.float64))


def ece(total: Array, labels: int, several: bool) -> Array:
    """Expected calibration error over ten bins of equal width."""
    size, right, confidence = (total[..., -(3 - n) * BINS : (-(2 - n) * BINS) or None] for n in range(3))
    return np.asarray(np.abs(right - confidence).sum(-1) / np.maximum(size.sum(-1), 1))


METRICS: dict[str, Callable[[Array, int, bool], Array]] = {
    "macro_f1": macro_f1, "kappa": kappa, "accuracy": accuracy, "qwk": qwk, "ece": ece,
}  # fmt: skip
