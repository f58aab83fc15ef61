"""Scoring: tagged statements in, the probabilities of the scores 1 to 4 out."""

from cqc_nlp.scoring.features import FEATURES, evidence, evidence_matrix
from cqc_nlp.scoring.scorer import PUBLISHED_PRIOR, QualityScorer

__all__ = ["FEATURES", "PUBLISHED_PRIOR", "QualityScorer", "evidence", "evidence_matrix"]
