"""Evidence features: what a report's tagged statements amount to, as a vector.

The text never enters, nor the printed score: only labels, their probabilities and the place of each
statement. A repeated statement counts once.

Every feature is a *balance*, the logarithm of expected strengths over expected shortfalls. Of the whole it is

    log((S + a) / (F + a)),    a = 0.5 + 0.06 n,

where ``S`` and ``F`` are sums of probabilities over the ``n`` statements, so that a long report has nearly the same
balance as a short one with the same mix. Of a theme or a section it is drawn towards that of the whole,

    log((S_p + 3 s) / (F_p + 3 f)),    s = (S + 0.5) / (n + 1),    f = (F + 0.5) / (n + 1),

so that a part with few statements says little and one with none says nothing. A further strength, anywhere, never
lowers a balance, and a further shortfall never raises one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.schema import POLARITIES, THEMES, Polarity, SectionKind, Statement

_FIXED_PSEUDO_COUNT = 0.5
_PSEUDO_COUNT_SHARE = 0.06
_PART_PSEUDO_COUNT = 3.0
_SECTIONS = tuple(kind for kind in SectionKind if kind is not SectionKind.OTHER)

FEATURES: tuple[str, ...] = (
    "balance",
    *(f"balance: {theme}" for theme in THEMES),
    *(f"balance: section {kind}" for kind in _SECTIONS),
    "balance: done over planned",
)
"""Names of the features, in the order of the columns.

``balance`` is of all statements, ``balance: carers`` of those with the theme (weighted by its
probability), ``balance: section market`` of those in the section. ``balance: done over planned`` sets
strengths against plans.
"""


def polarity_weights(statements: Sequence[Statement]) -> NDArray[np.float64]:
    """Probability of each polarity, shape (statements, 4), in the order of ``POLARITIES``; a gold tag is certain."""
    rows = [
        [s.probabilities[p] for p in POLARITIES] if s.probabilities else [float(s.polarity == p) for p in POLARITIES] for s in statements
    ]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(POLARITIES))


def evidence(statements: Iterable[Statement]) -> NDArray[np.float64]:
    """The evidence features of one report, shape (features,), in the order of ``FEATURES``.

    Parameters
    ----------
    statements : iterable of Statement
        Tagged statements; repeated ones are left out of the sums.
    """
    counted = [statement for statement in statements if not statement.repeated]
    weights = polarity_weights(counted)
    strength = weights[:, POLARITIES.index(Polarity.STRENGTH)]
    shortfall = weights[:, POLARITIES.index(Polarity.SHORTFALL)]
    plan = weights[:, POLARITIES.index(Polarity.PLAN)]

    count, strengths, shortfalls, plans = len(counted), strength.sum(), shortfall.sum(), plan.sum()

    def whole(one: float, other: float, size: float) -> float:
        pseudo_count = _FIXED_PSEUDO_COUNT + _PSEUDO_COUNT_SHARE * size
        return float(np.log((one + pseudo_count) / (other + pseudo_count)))

    def part(weights: list[float]) -> float:
        share = np.asarray(weights, dtype=np.float64)
        prior = _PART_PSEUDO_COUNT * np.array([strengths + 0.5, shortfalls + 0.5]) / (count + 1)
        return float(np.log((share @ strength + prior[0]) / (share @ shortfall + prior[1])))

    return np.asarray([
        whole(strengths, shortfalls, count),
        *(part([s.probabilities.get(theme, float(theme in s.themes)) for s in counted]) for theme in THEMES),
        *(part([float(s.section.kind is kind) for s in counted]) for kind in _SECTIONS),
        whole(strengths, plans, strengths + plans),
    ])  # fmt: skip


def evidence_matrix(reports: Iterable[Iterable[Statement]]) -> NDArray[np.float64]:
    """The evidence features of several reports, shape (reports, features)."""
    rows = [evidence(statements) for statements in reports]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))
