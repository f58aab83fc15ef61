"""The score: an ordinal model from evidence features to the probabilities of 1, 2, 3 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from cqc_nlp.framework import SCORES

# The usual distance between two thresholds, and how firmly data must argue against it (for scores never seen).
_GAP = 2.0
_GAP_WEIGHT = 0.5


class QualityScorer(ClassifierMixin, BaseEstimator):
    """Cumulative-link (proportional-odds) model of the score.

    ``P(score <= k) = expit(threshold_k - x @ coef)`` with ascending thresholds (McCullagh, 1980,
    *Regression models for ordinal data*), fitted by penalised maximum likelihood with the four scores
    weighted alike, and then moved to the share that each score has in practice by Bayes' rule.

    It may learn from reports of a related kind too, of another inspectorate say. They share the coefficients, but
    have a shift of their own on the latent scale, for the same score may be given at another point there.

    Parameters
    ----------
    C : float
        Inverse strength of the L2 penalty on the coefficients of standardised features.
    prior : sequence of four floats, optional
        Share of each score in practice; equal shares if left out.
    monotone : bool
        Whether features may only raise the score: coefficients are kept from falling below zero. The
        evidence features are built for it: each rises with strengths and falls with shortfalls.

    Attributes
    ----------
    classes_ : ndarray of int
        Always ``[1, 2, 3, 4]``, whatever the training data held.
    coef_ : ndarray of shape (features,)
        On standardised features.
    thresholds_ : ndarray of shape (3,)
        Between 1 and 2, 2 and 3, 3 and 4 on the latent scale.
    mean_, scale_ : ndarray of shape (features,)
        For standardisation.
    related_shift_ : float
        How much higher a score a related report gets for the same evidence, on the latent scale.

    Examples
    --------
    >>> scorer = QualityScorer().fit([[-2.0], [0.0], [1.0], [2.0]] * 5, [1, 2, 3, 4] * 5)
    >>> scorer.predict([[-3.0], [3.0]]).tolist()
    [1, 4]
    >>> scorer.predict_proba([[0.0]]).shape
    (1, 4)
    """

    def __init__(self, C: float = 0.1, prior: Sequence[float] | None = None, monotone: bool = True) -> None:
        self.C = C
        self.prior = prior
        self.monotone = monotone

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, related: ArrayLike | None = None) -> QualityScorer:
        """Fit to evidence features and scores.

        Parameters
        ----------
        X : array of shape (reports, features)
            From :func:`cqc_nlp.scoring.features.evidence_matrix`.
        y : array of shape (reports,)
            Scores, 1 to 4. Scores that are missing from it still get a probability.
        sample_weight : array of shape (reports,), optional
            Weights of the reports, before the scores are weighted alike.
        related : array of bool of shape (reports,), optional
            Which reports are of a related kind. If all or none are, there is no shift to learn.
        """
        rows, scores = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(scores)
        if not set(np.unique(scores).tolist()) <= set(SCORES):
            raise ValueError(f"Scores are whole numbers from 1 to 4; got {np.unique(scores).tolist()}.")
        if self.prior is not None and (len(self.prior) != len(SCORES) or min(self.prior) < 0 or sum(self.prior) <= 0):
            raise ValueError(f"A prior is four shares, none below zero; got {self.prior}.")
        target = np.asarray(scores, dtype=int)
        shifted = np.zeros(len(target)) if related is None else np.asarray(related, dtype=np.float64)
        if shifted.all():
            shifted = np.zeros(len(target))
        weight = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True, copy=True)
        if not weight.any():
            raise ValueError("Every sample weight is zero; at least one report must count.")
        self.mean_ = np.average(rows, axis=0, weights=weight)
        spread = np.sqrt(np.average((rows - self.mean_) ** 2, axis=0, weights=weight))
        self.scale_ = np.where(spread > 1e-12, spread, 1.0)
        for kind in (shifted == 0, shifted == 1):
            totals = np.array([weight[kind & (target == score)].sum() for score in SCORES])
            share = totals.sum() / max((totals > 0).sum(), 1) / np.where(totals > 0, totals, 1.0)
            weight[kind] *= share[target[kind] - 1]

        self.classes_ = np.array(SCORES)
        standard = (rows - self.mean_) / self.scale_
        features = rows.shape[1]

        def objective(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            coef, first, logs, shift = parameters[:features], parameters[features], parameters[features + 1 : -1], parameters[-1]
            gaps = np.exp(logs)
            cuts = first + np.concatenate([[0.0], np.cumsum(gaps)])
            latent = standard @ coef + shift * shifted
            upper = np.append(cuts, np.inf)[target - 1] - latent
            lower = np.insert(cuts, 0, -np.inf)[target - 1] - latent
            f_upper, f_lower = expit(upper), expit(lower)
            p = np.maximum(f_upper - f_lower, 1e-300)
            d_upper, d_lower = f_upper * (1 - f_upper) / p, f_lower * (1 - f_lower) / p
            d_latent = weight * (d_upper - d_lower)
            d_cuts = np.array([-(weight * d_upper)[target == k].sum() + (weight * d_lower)[target == k + 1].sum() for k in SCORES[:-1]])
            drift = logs - np.log(_GAP)
            value = -(weight * np.log(p)).sum() + coef @ coef / (2 * self.C) + _GAP_WEIGHT * (drift @ drift) + 1e-3 * (first**2 + shift**2)
            gradient = np.concatenate([
                standard.T @ d_latent + coef / self.C,
                [d_cuts.sum() + 2e-3 * first],
                np.array([d_cuts[k + 1 :].sum() for k in range(len(gaps))]) * gaps + 2 * _GAP_WEIGHT * drift,
                [shifted @ d_latent + 2e-3 * shift],
            ])  # fmt: skip
            return float(value), gradient

        start = np.concatenate([np.zeros(features), [-_GAP], np.full(len(SCORES) - 2, np.log(_GAP)), [0.0]])
        bounds = [(0.0 if self.monotone else None, None)] * features
        solution = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[*bounds, *[(None, None)] * 4], options={"maxiter": 2000})
        self.coef_ = solution.x[:features]
        self.thresholds_ = solution.x[features] + np.concatenate([[0.0], np.cumsum(np.exp(solution.x[features + 1 : -1]))])
        self.related_shift_ = float(solution.x[-1])
        self.n_iter_ = int(solution.nit)
        return self

    def latent(self, X: ArrayLike) -> NDArray[np.float64]:
        """Where reports stand on the latent scale, shape (reports,)."""
        return np.asarray(self.contributions(X).sum(axis=1), dtype=np.float64)

    def contributions(self, X: ArrayLike) -> NDArray[np.float64]:
        """What each feature adds on the latent scale against a report of average evidence, shape (reports, features)."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray((rows - self.mean_) / self.scale_ * self.coef_, dtype=np.float64)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of the scores 1, 2, 3 and 4, shape (reports, 4)."""
        return self.probabilities(self.latent(X))

    def probabilities(self, latent: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of the scores at points of the latent scale, shape (points, 4)."""
        points = np.asarray(latent, dtype=np.float64)[:, None]
        below = np.hstack([np.zeros_like(points), expit(self.thresholds_ - points), np.ones_like(points)])
        p = np.clip(np.diff(below, axis=1), 1e-12, None)
        return self._with_prior(p)

    def _with_prior(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of equal shares, moved to the shares in practice."""
        if self.prior is not None:
            p = p * np.asarray(self.prior, dtype=np.float64)
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def conformalise(self, probabilities: ArrayLike, scores: ArrayLike) -> QualityScorer:
        """Learn from reports that it was not fitted on how wide a prediction set has to be.

        Parameters
        ----------
        probabilities : array of shape (reports, 4)
            Out-of-fold probabilities with equal shares of the scores (``prior=None``).
        scores : array of shape (reports,)
            Their scores.
        """
        check_is_fitted(self)
        self.calibration_probabilities_ = np.asarray(probabilities, dtype=np.float64)
        self.calibration_scores_ = np.asarray(scores, dtype=int)
        return self

    def prediction_sets(self, probabilities: ArrayLike, coverage: float = 0.9) -> list[tuple[int, ...]]:
        """Adjacent scores that hold the true one in the given share of reports.

        A set grows from the most probable score towards the more probable neighbour, as long as it holds no more
        probability than the threshold. The threshold is conformal (Vovk et al., 2005; Tibshirani et al., 2019, for the
        weights): the quantile, over the reports of :meth:`conformalise`, of the probability that had to be passed
        before the true score was reached, each report weighted by how common its score is in practice.

        Parameters
        ----------
        probabilities : array of shape (reports, 4)
            From :meth:`predict_proba`.
        coverage : float
            Above 0 and at most 1.

        Returns
        -------
        list of tuple of int
        """
        if not 0 < coverage <= 1:
            raise ValueError(f"coverage is a probability above 0 and at most 1; got {coverage}.")
        passed = _passed(np.asarray(probabilities, dtype=np.float64))
        threshold = self._threshold(coverage)
        return [tuple(score for score, mass in zip(SCORES, row, strict=True) if mass <= threshold) for row in passed]

    def _threshold(self, coverage: float) -> float:
        if coverage >= 1:
            return np.inf
        if not hasattr(self, "calibration_scores_"):
            return coverage - 1e-9
        scores = self.calibration_scores_
        passed = _passed(self._with_prior(self.calibration_probabilities_))[np.arange(len(scores)), scores - 1]
        share = np.array([(scores == score).mean() for score in SCORES])
        prior = np.full(len(SCORES), 0.25) if self.prior is None else np.asarray(self.prior) / np.sum(self.prior)
        weight = (prior / np.where(share > 0, share, 1.0))[scores - 1]
        order = passed.argsort(kind="stable")
        # The report in question counts as one more, of unknown place: the set must hold it too.
        reached = weight[order].cumsum() / (weight.sum() + weight.mean())
        first = int(np.searchsorted(reached, coverage - 1e-12))
        return float(passed[order][first]) if first < len(order) else np.inf

    def predict(self, X: ArrayLike) -> NDArray[np.int_]:
        """The most probable score of each report, shape (reports,)."""
        best = self.predict_proba(X).argmax(axis=1)  # before classes_, so that an unfitted scorer says that it is
        return np.asarray(self.classes_[best])

    def expected_score(self, X: ArrayLike) -> NDArray[np.float64]:
        """The mean of the score under its probabilities, shape (reports,)."""
        return np.asarray(self.predict_proba(X) @ np.asarray(SCORES, dtype=np.float64))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


def _passed(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each score the probability that a growing set holds before it takes the score in, shape (reports, 4)."""
    passed = np.zeros_like(probabilities)
    for row, p in enumerate(probabilities):
        low = high = int(p.argmax())
        held = p[low]
        while high - low + 1 < len(p):
            down = p[low - 1] if low > 0 else -1.0
            up = p[high + 1] if high + 1 < len(p) else -1.0
            if down >= up:
                low -= 1
                taken = low
            else:
                high += 1
                taken = high
            passed[row, taken] = held
            held += p[taken]
    return passed
