"""The evidence profile: a documented description of a report, for tables, comparison and research.

The score rests on the few balances of :mod:`cqc_nlp.scoring.features`; the profile says more than a model of some
hundred reports could learn from. Repeated statements count once; shares are sums of probabilities over the
number of statements, so that reports of any length compare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.schema import POLARITIES, SOURCES, THEMES, Polarity, SectionKind, Statement
from cqc_nlp.scoring.features import emphatic, polarity_weights
from cqc_nlp.tagging.cues import clauses
from cqc_nlp.tagging.encoding import model_text

_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_DATED = re.compile(rf"\b(?:20\d\d|(?:by|in|from|until|during) (?:early |late |mid[- ])?(?:{_MONTH}|spring|summer|autumn|winter))\b", re.I)
_LIMITED = re.compile(r"\b(?:some|a few|few|a (?:small )?number of|occasional(?:ly)?|sometimes|at times|not always|in part)\b", re.I)
_DIRECTIONS = ("better", "worse", "level")


def evidence_profile(statements: Sequence[Statement]) -> dict[str, float]:
    """What the tagged statements of a report amount to.

    Returns
    -------
    dict of str to float
        ``statements``, the number counted; then

        - ``share: POLARITY``, and the same by theme and by section (``share: strength, carers``;
          ``share: shortfall, section market``), of all statements;
        - ``source: SOURCE``, share of the statements with that source;
        - ``reach``, share of strengths that reach far; ``severity``, of shortfalls that weigh heavily
          (``data/emphasis.json``); ``limited``, of strengths and shortfalls said of some or few;
        - ``mitigated``, share of shortfalls that a plan goes with, in the same sentence or paragraph;
        - ``undated``, share of plans without a date;
        - ``contrast``, share of statements that concede something ("however", "although");
        - ``figures better``, ``worse`` and ``level``: how many figures compare so with their comparator.

        A share of nothing is 0.
    """
    counted = [statement for statement in statements if not statement.repeated]
    texts = [model_text(statement) for statement in counted]
    weights = polarity_weights(counted)
    size = max(len(counted), 1)
    profile: dict[str, float] = {"statements": float(len(counted))}

    def by_polarity(name: str, membership: NDArray[np.float64]) -> None:
        for column, polarity in enumerate(POLARITIES):
            profile[f"share: {polarity}{name}"] = float(membership @ weights[:, column]) / size

    by_polarity("", np.ones(len(counted)))
    for theme in THEMES:
        by_polarity(f", {theme}", np.array([s.probabilities.get(theme, float(theme in s.themes)) for s in counted]))
    for kind in SectionKind:
        by_polarity(f", section {kind}", np.array([float(s.section.kind is kind) for s in counted]))
    for source in SOURCES:
        profile[f"source: {source}"] = sum(s.source == source for s in counted) / size

    strength, shortfall, plan = (weights[:, POLARITIES.index(p)] for p in (Polarity.STRENGTH, Polarity.SHORTFALL, Polarity.PLAN))

    def share(of: NDArray[np.float64], which: list[bool]) -> float:
        total = float(of.sum())
        return float(of @ np.asarray(which, dtype=np.float64)) / total if total > 0 else 0.0

    planned = {s.paragraph for s in counted if s.polarity == Polarity.PLAN}
    profile["reach"] = share(strength, [emphatic(text, Polarity.STRENGTH) for text in texts])
    profile["severity"] = share(shortfall, [emphatic(text, Polarity.SHORTFALL) for text in texts])
    profile["limited"] = share(strength + shortfall, [bool(_LIMITED.search(text)) for text in texts])
    profile["mitigated"] = share(shortfall, [Polarity.PLAN in s.also or s.paragraph in planned for s in counted])
    profile["undated"] = share(plan, [not _DATED.search(text) for text in texts])
    profile["contrast"] = sum(bool(clauses(text)[1]) for text in texts) / size
    for direction in _DIRECTIONS:
        profile[f"figures {direction}"] = float(sum(figure.direction == direction for s in counted for figure in s.figures))
    return profile
