"""Evidence features: what a report's tagged statements amount to, as a vector.

Neither the text nor the printed score enters: only labels, their probabilities, the place of each statement and
whether it is emphatic. A strength that reaches far ("consistently", "all") and a shortfall that weighs heavily ("too
many", "serious"; ``data/emphasis.json``) count as two statements. A repeated statement counts once.

Every feature is a *balance*, the logarithm of expected strengths over expected shortfalls. Of the whole it is

    log((S + a) / (F + a)),    a = 0.5 + 0.12 n,

where ``S`` and ``F`` are sums of probabilities over the ``n`` statements, so that a long report has nearly the same
balance as a short one with the same mix. Of a theme or a section it is drawn towards that of the whole,

    log((S_p + 3 s) / (F_p + 3 f)),    s = (S + 0.5) / (n + 1),    f = (F + 0.5) / (n + 1),

so that a part with few statements says little and one with none says nothing. A further strength, anywhere, never
lowers a balance, and a further shortfall never raises one. With no statement at all every balance is zero.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.schema import POLARITIES, THEMES, Polarity, SectionKind, Statement
from cqc_nlp.tagging.encoding import model_text

_FIXED_PSEUDO_COUNT = 0.5
_PSEUDO_COUNT_SHARE = 0.12
_PART_PSEUDO_COUNT = 3.0
_SECTIONS = tuple(kind for kind in SectionKind if kind is not SectionKind.OTHER)
PARTS: tuple[str, ...] = (*map(str, THEMES), *(f"section {kind}" for kind in _SECTIONS))

FEATURES: tuple[str, ...] = ("balance", *(f"balance: {part}" for part in PARTS), "balance: done over planned")
"""Names of the features, in the order of the columns.

``balance`` is of all statements, ``balance: carers`` of those with the theme (weighted by its
probability), ``balance: section market`` of those in the section. ``balance: done over planned`` sets
strengths against plans.
"""

Array = NDArray[np.float64]


def polarity_weights(statements: Sequence[Statement]) -> Array:
    """Probability of each polarity, shape (statements, 4), in the order of ``POLARITIES``; a gold tag is certain."""
    rows = [
        [s.probabilities[p] for p in POLARITIES] if s.probabilities else [float(s.polarity == p) for p in POLARITIES] for s in statements
    ]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(POLARITIES))


@cache
def _emphasis() -> dict[Polarity, re.Pattern[str]]:
    data = json.loads(files("cqc_nlp").joinpath("data/emphasis.json").read_text(encoding="utf-8"))
    return {p: re.compile(rf"\b(?:{'|'.join(data[p])})\b", re.IGNORECASE) for p in (Polarity.STRENGTH, Polarity.SHORTFALL)}


def emphatic(text: str, polarity: Polarity) -> bool:
    """Whether a strength reaches far, or a shortfall weighs heavily.

    Examples
    --------
    >>> emphatic("Reviews were consistently on time.", Polarity.STRENGTH)
    True
    >>> emphatic("Some carers waited.", Polarity.SHORTFALL)
    False
    """
    return bool(_emphasis()[polarity].search(text))


@dataclass(frozen=True)
class Weights:
    """What statements count for in the sums behind the features.

    ``count``, ``strength``, ``shortfall`` and ``plan`` have the shape (statements,); ``parts``, how far each statement
    belongs to each theme and section, (statements, parts). An emphatic strength or shortfall counts double.
    """

    count: Array
    strength: Array
    shortfall: Array
    plan: Array
    parts: Array

    @classmethod
    def of(cls, statements: Sequence[Statement]) -> Weights:
        """Of tagged statements."""
        polarity = polarity_weights(statements)
        themes = [[s.probabilities.get(theme, float(theme in s.themes)) for theme in THEMES] for s in statements]
        sections = [[float(s.section.kind is kind) for kind in _SECTIONS] for s in statements]
        parts = np.hstack([np.reshape(themes, (len(statements), len(THEMES))), np.reshape(sections, (len(statements), len(_SECTIONS)))])
        strength, shortfall, plan = (polarity[:, POLARITIES.index(p)] for p in (Polarity.STRENGTH, Polarity.SHORTFALL, Polarity.PLAN))
        more_strength = strength * [emphatic(model_text(s), Polarity.STRENGTH) for s in statements]
        more_shortfall = shortfall * [emphatic(model_text(s), Polarity.SHORTFALL) for s in statements]
        count = 1 + more_strength + more_shortfall
        return cls(count, strength + more_strength, shortfall + more_shortfall, plan, np.asarray(parts, dtype=np.float64))

    def sums(self) -> Sums:
        """Over the statements."""
        return Sums(
            self.count.sum(), self.strength.sum(), self.shortfall.sum(), self.plan.sum(),
            self.strength @ self.parts, self.shortfall @ self.parts,
        )  # fmt: skip

    def without_each(self) -> Sums:
        """Over all statements but one, for each of them; leading shape (statements,)."""
        whole = self.sums()
        return Sums(
            whole.count - self.count, whole.strength - self.strength, whole.shortfall - self.shortfall, whole.plan - self.plan,
            whole.part_strength - self.strength[:, None] * self.parts, whole.part_shortfall - self.shortfall[:, None] * self.parts,
        )  # fmt: skip


@dataclass(frozen=True)
class Sums:
    """The sums that the features are made of, of one report or of several (a leading dimension)."""

    count: Array
    strength: Array
    shortfall: Array
    plan: Array
    part_strength: Array
    part_shortfall: Array

    def features(self) -> Array:
        """The evidence features, shape (..., features)."""
        a = _FIXED_PSEUDO_COUNT + _PSEUDO_COUNT_SHARE * self.count
        b = _FIXED_PSEUDO_COUNT + _PSEUDO_COUNT_SHARE * (self.strength + self.plan)
        share = _PART_PSEUDO_COUNT / (self.count + 1)
        part_strength = np.maximum(self.part_strength, 0) + (share * (self.strength + _FIXED_PSEUDO_COUNT))[..., None]
        part_shortfall = np.maximum(self.part_shortfall, 0) + (share * (self.shortfall + _FIXED_PSEUDO_COUNT))[..., None]
        whole = np.log((self.strength + a) / (self.shortfall + a))
        done = np.log((self.strength + b) / (self.plan + b))
        return np.concatenate([whole[..., None], np.log(part_strength / part_shortfall), done[..., None]], axis=-1)


def evidence(statements: Iterable[Statement]) -> Array:
    """The evidence features of one report, shape (features,), in the order of ``FEATURES``.

    Parameters
    ----------
    statements : iterable of Statement
        Tagged statements; repeated ones are left out of the sums.
    """
    return Weights.of([statement for statement in statements if not statement.repeated]).sums().features()


def evidence_matrix(reports: Iterable[Iterable[Statement]]) -> Array:
    """The evidence features of several reports, shape (reports, features)."""
    rows = [evidence(statements) for statements in reports]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))


def evidence_of_counts(count: Array, strength: Array, shortfall: Array, plan: Array) -> Array:
    """The evidence features of reports of which only the expected counts of polarities are known.

    Nothing is known of their themes and sections, which therefore say what the whole says.

    Parameters
    ----------
    count, strength, shortfall, plan : arrays of shape (reports,)
        Sums of :class:`Weights`: emphatic statements count double in all but ``plan``.
    """
    none = np.zeros((len(count), len(PARTS)))
    return Sums(count, strength, shortfall, plan, none, none).features()


def shares(statements: Sequence[Statement], nodes: int = 64) -> Array:
    """What each statement adds to each feature, shape (statements, features); the rows sum to the features.

    These are Aumann-Shapley values: all statements grow together from nothing to their full weight, and each
    is credited with its marginal effect on the way (Aumann & Shapley, 1974, *Values of Non-Atomic Games*; known as
    integrated gradients). The integral is taken by Gauss-Legendre quadrature and agrees to about eight digits.

    Parameters
    ----------
    statements : sequence of Statement
        The counted statements of a report.
    nodes : int
        Points of the quadrature.
    """
    if not statements:
        return np.zeros((0, len(FEATURES)))
    w = Weights.of(statements)
    total = w.sums()
    points, weights = np.polynomial.legendre.leggauss(nodes)
    result = np.zeros((len(statements), len(FEATURES)))
    # Effects change fastest near the start: the path is walked as t = u**3.
    for u, weight in zip((points + 1) / 2, weights / 2, strict=True):
        t = u**3
        count, strength, shortfall, plan = (t * x for x in (total.count, total.strength, total.shortfall, total.plan))
        a = _FIXED_PSEUDO_COUNT + _PSEUDO_COUNT_SHARE * count
        b = _FIXED_PSEUDO_COUNT + _PSEUDO_COUNT_SHARE * (strength + plan)
        own = _PSEUDO_COUNT_SHARE * w.count
        whole = (w.strength + own) / (strength + a) - (w.shortfall + own) / (shortfall + a)
        both = _PSEUDO_COUNT_SHARE * (w.strength + w.plan)
        done = (w.strength + both) / (strength + b) - (w.plan + both) / (plan + b)
        parts = _part_slope(w.strength, w, t * total.part_strength, strength, count)
        parts -= _part_slope(w.shortfall, w, t * total.part_shortfall, shortfall, count)
        result += weight * 3 * u**2 * np.hstack([whole[:, None], parts, done[:, None]])
    return result


def _part_slope(own: Array, weights: Weights, part_sum: Array, sum_: Array, count: Array) -> Array:
    """Slope of ``log(part_sum + 3 (sum + 0.5) / (count + 1))`` in the weight of each statement."""
    drawn = _PART_PSEUDO_COUNT * (sum_ + _FIXED_PSEUDO_COUNT) / (count + 1)
    slope = _PART_PSEUDO_COUNT * (own / (count + 1) - weights.count * (sum_ + _FIXED_PSEUDO_COUNT) / (count + 1) ** 2)
    return np.asarray((own[:, None] * weights.parts + slope[:, None]) / (part_sum + drawn))
