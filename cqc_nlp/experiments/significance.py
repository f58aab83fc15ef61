"""Whether two methods differ by more than the draw of groups explains.

Both tests work on sums over groups (authorities): a method is an array whose first axis is the groups, and a statistic
is a function of its sum, such as macro-F1 of a confusion matrix. Statements of one authority are alike, so that
drawing statements on their own would promise more than the data shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Statistic = Callable[[Array], Any]
_AT_ONCE = 1_000


class Bootstrap(NamedTuple):
    """A difference of two methods with its 95% interval and its two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(a: ArrayLike, b: ArrayLike, statistic: Statistic, draws: int = 5_000, seed: int = 0) -> Bootstrap:
    """How sure the difference of two methods on the same groups is (Efron & Tibshirani, 1993).

    Groups are drawn with replacement, for both methods alike. The interval is of percentiles. The p-value is the share
    of draws that lie as far from the difference found as that lies from zero.

    Parameters
    ----------
    a, b : arrays of shape (groups, ...)
        What each method did in each group, in a form that adds up.
    statistic : callable
        From an array of sums, shape (draws, ...), to a figure for each.
    draws, seed : int
        How many samples, and where the random numbers start.

    Examples
    --------
    >>> paired_bootstrap([1, 1, 0, 1], [1, 1, 0, 1], lambda total: total / 4).p
    1.0
    """
    a, b = _paired(a, b)
    found = _difference(a.sum(axis=0)[None], b.sum(axis=0)[None], statistic)[0]
    rng = np.random.default_rng(seed)
    values = np.concatenate([
        _difference(_weighted(weights, a), _weighted(weights, b), statistic)
        for weights in (rng.multinomial(len(a), np.full(len(a), 1 / len(a)), size).astype(float) for size in _batches(draws))
    ])  # fmt: skip
    low, high = np.quantile(values, [0.025, 0.975])
    return Bootstrap(float(found), float(low), float(high), _share_as_far(values - found, found))


def approximate_randomisation(a: ArrayLike, b: ArrayLike, statistic: Statistic, draws: int = 5_000, seed: int = 0) -> float:
    """Two-sided p-value of the hypothesis that it does not matter which method is which (Noreen, 1989; Yeh, 2000).

    In each draw the two methods change places in half of the groups, chosen by chance.

    Parameters
    ----------
    a, b, statistic, draws, seed
        As in :func:`paired_bootstrap`.

    Examples
    --------
    >>> approximate_randomisation([1, 1, 0, 1], [1, 1, 0, 1], lambda total: total / 4)
    1.0
    """
    a, b = _paired(a, b)
    found = _difference(a.sum(axis=0)[None], b.sum(axis=0)[None], statistic)[0]
    rng = np.random.default_rng(seed)
    values = []
    for size in _batches(draws):
        stay = rng.integers(0, 2, (size, len(a))).astype(float)
        changed = _weighted(stay, a) + _weighted(1 - stay, b), _weighted(stay, b) + _weighted(1 - stay, a)
        values.append(_difference(*changed, statistic))
    return _share_as_far(np.concatenate(values), found)


def interval(a: ArrayLike, statistic: Statistic, draws: int = 5_000, seed: int = 0) -> tuple[float, float]:
    """95% percentile interval of one method's figure, groups drawn with replacement."""
    a = np.asarray(a, dtype=np.float64)
    rng = np.random.default_rng(seed)
    values = [
        np.asarray(statistic(_weighted(rng.multinomial(len(a), np.full(len(a), 1 / len(a)), size).astype(float), a)))
        for size in _batches(draws)
    ]
    low, high = np.quantile(np.concatenate(values), [0.025, 0.975])
    return float(low), float(high)


def _paired(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or not len(first):
        raise ValueError(f"Both methods need the same groups, one or more; got shapes {first.shape} and {second.shape}.")
    return first, second


def _difference(a: Array, b: Array, statistic: Statistic) -> Array:
    return np.asarray(statistic(a), dtype=np.float64) - np.asarray(statistic(b), dtype=np.float64)


def _weighted(weights: Array, counts: Array) -> Array:
    """Sums over the groups with the weights of each draw, shape (draws, ...)."""
    return np.asarray((weights @ counts.reshape(len(counts), -1)).reshape(len(weights), *counts.shape[1:]))


def _share_as_far(values: Array, found: float) -> float:
    """The share of values as far from zero as the one found, which counts as one of them."""
    return float((1 + (np.abs(values) >= abs(found) - 1e-12).sum()) / (1 + len(values)))


def _batches(draws: int) -> Iterator[int]:
    """The draws in parts, so that they need little memory."""
    for first in range(0, draws, _AT_ONCE):
        yield min(_AT_ONCE, draws - first)
