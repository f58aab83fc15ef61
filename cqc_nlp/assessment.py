"""The one way through: read, split, tag, score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.errors import CQCNLPError
from cqc_nlp.framework import SCORES
from cqc_nlp.models import DEFAULT, load_scorer, load_tagger
from cqc_nlp.reading import FORMATS, read, read_text
from cqc_nlp.schema import Report, Statement
from cqc_nlp.scoring.explanation import Explanation, explain
from cqc_nlp.scoring.features import FEATURES, evidence

if TYPE_CHECKING:
    import pandas as pd

    from cqc_nlp.scoring import QualityScorer

Source = str | PathLike[str] | Report
_DOCUMENT_ENDINGS = {*(f".{kind}" for kind in FORMATS), ".doc", ".odt", ".rtf", ".pages", ".xlsx", ".csv"}


@dataclass(frozen=True, eq=False)
class Assessment:
    """A report with its tagged statements and the probabilities of its score.

    Attributes
    ----------
    report : Report
        The report that it was made from.
    statements : tuple of Statement
        Its tagged statements, in order.
    probabilities : ndarray of shape (4,)
        Of the scores 1, 2, 3 and 4; they sum to one.
    model : str
        The model that made it.
    scorer : QualityScorer
        The fitted scorer, for explanations.
    """

    report: Report
    statements: tuple[Statement, ...]
    probabilities: NDArray[np.float64]
    model: str
    scorer: QualityScorer

    @property
    def score(self) -> int:
        """The most probable score, 1 to 4."""
        return SCORES[int(self.probabilities.argmax())]

    @property
    def expected_score(self) -> float:
        """The mean of the score under its probabilities, 1.0 to 4.0."""
        return float(self.probabilities @ np.asarray(SCORES, dtype=np.float64))

    @property
    def features(self) -> dict[str, float]:
        """The evidence features that the score rests on, by name."""
        return dict(zip(FEATURES, evidence(self.statements).tolist(), strict=True))

    def prediction_set(self, coverage: float = 0.9) -> tuple[int, ...]:
        """The smallest run of adjacent scores that holds the given probability.

        Parameters
        ----------
        coverage : float
            Probability that the set shall hold, above 0 and at most 1.

        Examples
        --------
        >>> assess("Carers waited six months for a break.", model="fast").prediction_set(1.0)
        (1, 2, 3, 4)
        """
        if not 0 < coverage <= 1:
            raise ValueError(f"coverage is a probability above 0 and at most 1; got {coverage}.")
        runs = [SCORES[i:j] for i in range(len(SCORES)) for j in range(i + 1, len(SCORES) + 1)]
        holding = [(len(run), -self._mass(run), run) for run in runs if self._mass(run) >= coverage - 1e-9]
        return min(holding)[2]

    def _mass(self, run: tuple[int, ...]) -> float:
        return float(self.probabilities[run[0] - 1 : run[-1]].sum())

    def explain(self) -> Explanation:
        """What the score rests on: contributions of features and of single statements."""
        return explain(self.statements, self.scorer)

    def to_frame(self) -> pd.DataFrame:
        """One row a statement, as a pandas data frame."""
        from cqc_nlp.views.frame import to_frame

        return to_frame(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        from cqc_nlp.views.plain import to_dict

        return to_dict(self)

    def to_json(self, **kwargs: Any) -> str:
        """Everything as a JSON document; keyword arguments go to :func:`json.dumps`."""
        import json

        return json.dumps(self.to_dict(), ensure_ascii=False, **kwargs)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file of :func:`assess_many` that could not be assessed.

    Attributes
    ----------
    path : str
        The file.
    error : CQCNLPError
        What is wrong with it and what to do.
    """

    path: str
    error: CQCNLPError

    def __str__(self) -> str:
        return str(self.error)


def assess(source: Source, model: str | PathLike[str] = DEFAULT) -> Assessment:
    """Read, tag and score one report or draft.

    Parameters
    ----------
    source : path, Report or str
        A path, a report that was read before, or the text itself: a string is a path if a file of that
        name exists or it ends like one, else text.
    model : str or path
        A shipped model (``"fast"``) or a model folder.

    Returns
    -------
    Assessment

    Raises
    ------
    UnreadableDocument, UnsupportedFormat, ModelError
        With what is wrong and what to do.

    Examples
    --------
    >>> assessment = assess("People waited months for homecare. Carers could not get a break.", model="fast")
    >>> [str(statement.polarity) for statement in assessment.statements]
    ['shortfall', 'shortfall']
    >>> round(float(assessment.probabilities.sum()), 6)
    1.0
    """
    from cqc_nlp.language import sentences

    report = _report(source)
    statements = load_tagger(fspath(model)).tag_sentences(sentences(report))
    scorer = load_scorer(fspath(model))
    probabilities = scorer.predict_proba(evidence(statements)[None])[0]
    return Assessment(report, statements, probabilities, fspath(model), scorer)


def assess_many(sources: Iterable[Source], model: str | PathLike[str] = DEFAULT, n_jobs: int = 1) -> Iterator[Assessment | Failure]:
    """Assess many reports, in order and as they come.

    Parameters
    ----------
    sources : iterable of path, Report or str
        As for :func:`assess`.
    model : str or path
        As for :func:`assess`.
    n_jobs : int
        How many processes work at once (joblib); -1 for one a core.

    Yields
    ------
    Assessment or Failure
        One a source, in order; a file that cannot be assessed is a ``Failure``, and the rest go on.
    """
    if n_jobs == 1:
        for source in sources:
            yield _attempt(source, fspath(model))
        return
    from joblib import Parallel, delayed

    load_scorer(fspath(model))  # a mistaken model is one error here, not one in every process
    work = (delayed(_attempt)(source, fspath(model)) for source in sources)
    yield from Parallel(n_jobs=n_jobs, return_as="generator")(work)


def _attempt(source: Source, model: str) -> Assessment | Failure:
    try:
        return assess(source, model)
    except CQCNLPError as error:
        from cqc_nlp.errors import ModelError

        if isinstance(error, ModelError):
            raise
        return Failure(source.name if isinstance(source, Report) else fspath(source), error)


def _report(source: Source) -> Report:
    if isinstance(source, Report):
        return source
    if isinstance(source, str) and not _names_file(source):
        return read_text(source)
    return read(source)


def _names_file(text: str) -> bool:
    """Whether a string is meant as a path: it exists, or is one short line that ends like a file name."""
    from pathlib import Path

    if len(text) > 1000 or "\n" in text:
        return False
    try:
        if Path(text).exists():
            return True
    except (OSError, ValueError):
        return False
    return Path(text).suffix.lower() in _DOCUMENT_ENDINGS
