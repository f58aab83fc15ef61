"""Scoring: tagged statements in, the probabilities of the scores 1 to 4 out."""

from cqc_nlp.scoring.features import FEATURES, evidence, evidence_matrix
from cqc_nlp.scoring.scorer import QualityScorer

__all__ = ["FEATURES", "QualityScorer", "evidence", "evidence_matrix"]
