"""Nearest precedents: reports whose evidence looks most alike, and how they scored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cqc_nlp.scoring.features import FEATURES


@dataclass(frozen=True, slots=True)
class Precedent:
    """A report with a known score.

    Attributes
    ----------
    name : str
        Its id in the corpus, or the name of a report of your own.
    authority : str or None
        The authority it is about.
    score : int
        Its score, 1 to 4.
    distance : float
        How far its evidence is from that of the report in question: the root mean square difference of the
        evidence features, each in standard deviations. Below 0.5 is close.
    """

    name: str
    authority: str | None
    score: int
    distance: float


@dataclass(frozen=True)
class Precedents:
    """Evidence features and scores of reports, to look for the nearest.

    Attributes
    ----------
    names, authorities, scores : sequences
        One entry a report.
    features : ndarray of shape (reports, features)
        As the tags of the model in question give them.
    """

    names: Sequence[str]
    authorities: Sequence[str | None]
    scores: Sequence[int]
    features: NDArray[np.float64]

    def extended(self, reports: Sequence[tuple[str, str | None, int, NDArray[np.float64]]]) -> Precedents:
        """With further reports: name, authority, score and evidence features of each."""
        if not reports:
            return self
        names, authorities, scores, features = zip(*reports, strict=True)
        return Precedents(
            [*self.names, *names], [*self.authorities, *authorities], [*self.scores, *scores], np.vstack([self.features, *features])
        )

    def nearest(self, values: ArrayLike, scale: ArrayLike, count: int = 5) -> list[Precedent]:
        """The reports whose evidence is most alike, nearest first.

        Parameters
        ----------
        values : array of shape (features,)
            Evidence features of the report in question.
        scale : array of shape (features,)
            Standard deviation of each feature.
        count : int
            How many.
        """
        gaps = (self.features - np.asarray(values)) / np.asarray(scale)
        distances = np.sqrt((gaps**2).mean(axis=1))
        order = distances.argsort(kind="stable")[:count]
        return [Precedent(self.names[i], self.authorities[i], self.scores[i], float(distances[i])) for i in order]

    def save(self, path: Path) -> None:
        """Write as JSON."""
        rows = zip(self.names, self.authorities, self.scores, self.features.round(4).tolist(), strict=True)
        lines = ",\n".join(json.dumps(list(row), ensure_ascii=False) for row in rows)
        path.write_text(f'{{"features": {json.dumps(list(FEATURES))},\n"reports": [\n{lines}\n]}}\n', encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Precedents:
        """What :meth:`save` wrote."""
        rows = json.loads(path.read_text(encoding="utf-8"))["reports"]
        names, authorities, scores, features = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(names, authorities, scores, np.asarray(features, dtype=np.float64).reshape(len(rows), len(FEATURES)))
