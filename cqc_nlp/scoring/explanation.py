"""Why a score came out: contributions of the evidence features and of single statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cqc_nlp.framework import SCORES
from cqc_nlp.schema import Statement
from cqc_nlp.scoring.features import FEATURES, evidence, evidence_matrix
from cqc_nlp.scoring.scorer import QualityScorer


@dataclass(frozen=True)
class Explanation:
    """What a score rests on.

    Attributes
    ----------
    features : tuple of (name, value, contribution)
        For each evidence feature, its value and what it adds on the latent scale against average evidence.
        The contributions sum to ``latent``.
    statements : tuple of (Statement, effect)
        For each counted statement, how much the expected score falls if it is left out; negative where the
        score would rise. Strongest first.
    latent : float
        Where the report stands on the latent scale.
    thresholds : tuple of three floats
        Where the scores 2, 3 and 4 begin on that scale, before the share of each score is taken into account.
    """

    features: tuple[tuple[str, float, float], ...]
    statements: tuple[tuple[Statement, float], ...]
    latent: float
    thresholds: tuple[float, ...]

    def __str__(self) -> str:
        lines = ["What the score rests on (contribution on the latent scale):"]
        ordered = sorted(self.features, key=lambda row: -abs(row[2]))
        lines += [f"  {contribution:+.2f}  {name}" for name, _, contribution in ordered if abs(contribution) >= 0.005]
        lines.append("Statements that move it most (change of the expected score if left out):")
        lines += [f"  {-effect:+.3f}  [{statement.polarity}] {statement.text}" for statement, effect in self.statements[:10]]
        return "\n".join(lines)


def explain(statements: Sequence[Statement], scorer: QualityScorer) -> Explanation:
    """Explain a score; the statements are the tagged ones that it was made from."""
    values = evidence(statements)
    contributions = scorer.contributions(values[None])[0]
    counted = [number for number, statement in enumerate(statements) if not statement.repeated]
    effects: list[tuple[Statement, float]] = []
    if counted:
        without = evidence_matrix(
            [*statements[:number], replace(statements[number], repeated=True), *statements[number + 1 :]] for number in counted
        )
        scores = np.asarray(SCORES, dtype=np.float64)
        now = float(scorer.predict_proba(values[None])[0] @ scores)
        then = scorer.predict_proba(without) @ scores
        effects = [(statements[number], now - float(score)) for number, score in zip(counted, then, strict=True)]
    return Explanation(
        features=tuple(zip(FEATURES, values.tolist(), contributions.tolist(), strict=True)),
        statements=tuple(sorted(effects, key=lambda row: -abs(row[1]))),
        latent=float(contributions.sum()),
        thresholds=tuple(scorer.thresholds_.tolist()),
    )
