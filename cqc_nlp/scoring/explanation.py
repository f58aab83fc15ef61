"""Why a score came out: contributions that add up, by feature, section, theme and statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cqc_nlp.framework import SCORES
from cqc_nlp.schema import Statement
from cqc_nlp.scoring.features import FEATURES, Weights, evidence, shares
from cqc_nlp.scoring.scorer import QualityScorer

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Explanation:
    """What a score rests on.

    All contributions stand on the latent scale of the scorer, on which a higher place means a higher score. A
    report without any evidence stands at ``start``; ``start`` and the contributions of all statements sum to
    ``latent``, where the report stands.

    Attributes
    ----------
    features : tuple of (name, value, contribution)
        For each evidence feature, its value and what it adds to ``start``.
    statements : tuple of (Statement, effect)
        For each counted statement, how much the expected score falls if it is left out; negative where the
        score would rise. Strongest first.
    contributions : tuple of (Statement, contribution)
        For each counted statement, in order, what it adds on the latent scale
        (:func:`cqc_nlp.scoring.features.shares`).
    latent : float
        Where the report stands on the latent scale.
    start : float
        Where a report without evidence stands.
    thresholds : tuple of three floats
        Where the scores 2, 3 and 4 begin on that scale, before the share of each score is taken into account.
    """

    features: tuple[tuple[str, float, float], ...]
    statements: tuple[tuple[Statement, float], ...]
    contributions: tuple[tuple[Statement, float], ...]
    latent: float
    start: float
    thresholds: tuple[float, ...]

    def by_section(self) -> dict[str, float]:
        """Contributions summed by section kind; with ``start`` they sum to ``latent``."""
        return self._by(lambda statement: [str(statement.section.kind)])

    def by_theme(self) -> dict[str, float]:
        """Contributions summed by theme, one of several themes an equal part; with ``start`` they sum to ``latent``."""
        return self._by(lambda statement: [str(theme) for theme in statement.themes] or ["no theme"])

    def _by(self, names: Callable[[Statement], list[str]]) -> dict[str, float]:
        sums: dict[str, float] = {}
        for statement, contribution in self.contributions:
            for name in (chosen := names(statement)):
                sums[name] = sums.get(name, 0.0) + contribution / len(chosen)
        return sums

    def waterfall(self, by: str = "section") -> list[tuple[str, float]]:
        """Steps from no evidence to the report's place, ready to plot.

        Parameters
        ----------
        by : {"section", "theme", "feature"}
            What a step is.

        Returns
        -------
        list of (str, float)
            ``("no evidence", start)``, the steps with the largest first, and ``("this report", latent)``.
        """
        groups = {"section": self.by_section, "theme": self.by_theme, "feature": lambda: {name: c for name, _, c in self.features}}
        if by not in groups:
            raise ValueError(f"A step is one of {', '.join(groups)}; got {by!r}.")
        steps = sorted(groups[by]().items(), key=lambda step: -abs(step[1]))
        return [("no evidence", self.start), *steps, ("this report", self.latent)]

    def to_frame(self) -> pd.DataFrame:
        """One row a counted statement: its labels, contribution, and effect on the expected score."""
        import pandas as pd

        effects = {id(statement): effect for statement, effect in self.statements}
        rows = [
            [str(s.section.kind), str(s.polarity), ", ".join(s.themes), contribution, effects[id(s)], s.text]
            for s, contribution in self.contributions
        ]
        return pd.DataFrame(rows, columns=["section", "polarity", "themes", "contribution", "effect", "text"])

    def __str__(self) -> str:
        lines = ["What the score rests on, on the latent scale (a higher place is a higher score):"]
        lines += [f"  {value:+6.2f}  {name}" for name, value in self.waterfall()]
        starts = ", ".join(f"{score} from {cut:+.2f}" for score, cut in zip(SCORES[1:], self.thresholds, strict=True))
        lines.append(f"Scores begin: {starts} (before their share in practice is taken into account).")
        lines.append("Statements that move it most (change of the expected score if left out):")
        lines += [f"  {-effect:+.3f}  [{statement.polarity}] {statement.text}" for statement, effect in self.statements[:10]]
        return "\n".join(lines)


def explain(statements: Sequence[Statement], scorer: QualityScorer) -> Explanation:
    """Explain a score; the statements are the tagged ones that it was made from."""
    counted = [statement for statement in statements if not statement.repeated]
    values = evidence(counted)
    slopes = scorer.coef_ / scorer.scale_
    added = shares(counted) @ slopes
    effects: list[float] = []
    if counted:
        scores = np.asarray(SCORES, dtype=np.float64)
        now = float(scorer.predict_proba(values[None])[0] @ scores)
        effects = (now - scorer.predict_proba(Weights.of(counted).without_each().features()) @ scores).tolist()
    return Explanation(
        features=tuple(zip(FEATURES, values.tolist(), (values * slopes).tolist(), strict=True)),
        statements=tuple(sorted(zip(counted, effects, strict=True), key=lambda row: -abs(row[1]))),
        contributions=tuple(zip(counted, added.tolist(), strict=True)),
        latent=float(scorer.latent(values[None])[0]),
        start=float(-scorer.mean_ @ slopes),
        thresholds=tuple(scorer.thresholds_.tolist()),
    )
