"""The one way through: read, split, tag, score."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.errors import CQCNLPError, NotAnAssessment
from cqc_nlp.framework import SCORES
from cqc_nlp.models import DEFAULT, load_scorer, load_tagger
from cqc_nlp.reading import FORMATS, read, read_text
from cqc_nlp.schema import Report, Section, SectionKind, Sentence, Statement
from cqc_nlp.scoring.explanation import Explanation, explain
from cqc_nlp.scoring.features import FEATURES, evidence

if TYPE_CHECKING:
    import pandas as pd

    from cqc_nlp.review import Finding
    from cqc_nlp.scoring import QualityScorer
    from cqc_nlp.scoring.precedents import Precedent

Source = str | PathLike[str] | Report
_DOCUMENT_ENDINGS = {*(f".{kind}" for kind in FORMATS), ".doc", ".odt", ".rtf", ".pages", ".xlsx", ".csv"}


class _Scored:
    """What has a probability for each score."""

    probabilities: NDArray[np.float64]

    @property
    def score(self) -> int:
        """The most probable score, 1 to 4."""
        return SCORES[int(self.probabilities.argmax())]

    @property
    def expected_score(self) -> float:
        """The mean of the score under its probabilities, 1.0 to 4.0."""
        return float(self.probabilities @ np.asarray(SCORES, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Assessment(_Scored):
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
    familiarity : float
        How far the text reads like an assessment of adult social care, 0 to 1: the mean of the share of its word pairs
        that the model knows and of the share of its sentences that name something of the sector. Reports of the
        corpus lie above 0.55, recipes and contracts below 0.25. It has no part in the score.
    """

    report: Report
    statements: tuple[Statement, ...]
    probabilities: NDArray[np.float64]
    model: str
    scorer: QualityScorer
    familiarity: float

    @property
    def caution(self) -> str | None:
        """Why the score should not be used, where the text does not read as an assessment; else None.

        A text of fewer than 20 words is too short to tell.

        Examples
        --------
        >>> draft = "Unpaid carers told us that they waited six months for an assessment. The council had no plan for respite breaks."
        >>> assess(draft, model="fast").caution is None
        True
        """
        from cqc_nlp.tagging.domain import CAUTION, unfamiliar

        return CAUTION if unfamiliar(self.statements, self.familiarity) else None

    @property
    def features(self) -> dict[str, float]:
        """The evidence features that the score rests on, by name."""
        return dict(zip(FEATURES, evidence(self.statements).tolist(), strict=True))

    @property
    def profile(self) -> dict[str, float]:
        """A fuller description of the evidence (:func:`cqc_nlp.scoring.profile.evidence_profile`); no score rests on it."""
        from cqc_nlp.scoring.profile import evidence_profile

        return evidence_profile(self.statements)

    def prediction_set(self, coverage: float = 0.9) -> tuple[int, ...]:
        """Adjacent scores that hold the true one in the given share of reports (split-conformal).

        Parameters
        ----------
        coverage : float
            Share of reports whose score the set shall hold, above 0 and at most 1.

        Examples
        --------
        >>> assess("Carers waited six months for a break.", model="fast").prediction_set(1.0)
        (1, 2, 3, 4)
        """
        return self.scorer.prediction_sets(self.probabilities[None], coverage)[0]

    def explain(self) -> Explanation:
        """What the score rests on: contributions of features and of single statements."""
        return explain(self.statements, self.scorer)

    def what_if(self, add: Iterable[str | Statement] = (), remove: Iterable[int | Statement] = ()) -> WhatIf:
        """The score if statements were added or removed; nothing is read again.

        Parameters
        ----------
        add : iterable of str or Statement
            Sentences to add, each tagged on its own and standing in no section, or tagged statements.
        remove : iterable of int or Statement
            Statements to leave out, or their positions in ``statements``.

        Examples
        --------
        >>> assessment = assess("Carers waited six months for a break. People praised their homecare.", model="fast")
        >>> assessment.what_if(remove=[0]).change > 0
        True
        """
        unwanted, additions = list(remove), list(add)
        for item in unwanted:
            if item not in range(len(self.statements)) and item not in self.statements:
                raise ValueError(f"{item!r} is neither a statement of {self.report.name} nor the position of one.")
        kept = [s for position, s in enumerate(self.statements) if position not in unwanted and s not in unwanted]
        texts = [item for item in additions if isinstance(item, str)]
        tags = iter(load_tagger(self.model).tag(texts) if texts else ())
        nowhere = Section("", SectionKind.OTHER, 0, 0)
        added = tuple(
            item if isinstance(item, Statement) else Statement.of(Sentence(item, 0, 0, nowhere, -1), next(tags)) for item in additions
        )
        probabilities = self.scorer.predict_proba(evidence([*kept, *added])[None])[0]
        return WhatIf(probabilities, added, self.expected_score)

    def precedents(self, count: int = 5, library: Iterable[Assessment] = ()) -> list[Precedent]:
        """The reports whose evidence is most alike, nearest first, with their scores.

        Parameters
        ----------
        count : int
            How many.
        library : iterable of Assessment
            Reports of your own with a printed score, to look among besides the (invented) ones of the corpus.
        """
        from cqc_nlp.models import load_precedents

        known = load_precedents(self.model)
        own = [(a.report, evidence(a.statements)) for a in library if a.report.published_score is not None]
        known = known.extended([(r.name, r.authority, int(r.published_score or 0), values) for r, values in own])
        return known.nearest(evidence(self.statements), self.scorer.scale_, count)

    def review(self, without: Collection[str] = ()) -> tuple[Finding, ...]:
        """What a critical friend would ask about it, the weightiest first (:func:`cqc_nlp.review.review`).

        Parameters
        ----------
        without : collection of str
            Codes of findings to leave out.

        Examples
        --------
        >>> [finding.code for finding in assess("We are an outstanding council.", model="fast").review()]
        ['over-claiming']
        """
        from cqc_nlp.review import review

        return review(self, without=without)

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


@dataclass(frozen=True, eq=False)
class WhatIf(_Scored):
    """The score that other evidence would have had.

    Attributes
    ----------
    probabilities : ndarray of shape (4,)
        Of the scores 1, 2, 3 and 4.
    added : tuple of Statement
        The statements that were added, with their tags; they stand in no report, so their offsets are zero.
    before : float
        The expected score of the evidence as it is.
    """

    probabilities: NDArray[np.float64]
    added: tuple[Statement, ...]
    before: float

    @property
    def change(self) -> float:
        """By how much the expected score rises, or falls if negative."""
        return self.expected_score - self.before


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

    Warns
    -----
    NotAnAssessment
        If the text does not read as an assessment of adult social care (:attr:`Assessment.caution`).

    Examples
    --------
    >>> assessment = assess("People waited months for homecare. Carers could not get a break.", model="fast")
    >>> [str(statement.polarity) for statement in assessment.statements]
    ['shortfall', 'shortfall']
    >>> round(float(assessment.probabilities.sum()), 6)
    1.0
    """
    return _cautioned(_assess(source, model))


def _assess(source: Source, model: str | PathLike[str]) -> Assessment:
    from cqc_nlp.language import sentences
    from cqc_nlp.tagging.domain import familiarity

    report = _report(source)
    tagger = load_tagger(fspath(model))
    statements = tagger.tag_sentences(sentences(report))
    scorer = load_scorer(fspath(model))
    probabilities = scorer.predict_proba(evidence(statements)[None])[0]
    return Assessment(report, statements, probabilities, fspath(model), scorer, familiarity(statements, tagger))


def _cautioned(assessment: Assessment) -> Assessment:
    """The assessment, after a warning where its score should not be used."""
    if assessment.caution:
        message = f"{assessment.report.name}: {assessment.caution} Check that it is the document that you meant."
        warnings.warn(message, NotAnAssessment, stacklevel=3)
    return assessment


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
            result = _attempt(source, fspath(model))
            yield result if isinstance(result, Failure) else _cautioned(result)
        return
    from joblib import Parallel, delayed

    load_scorer(fspath(model))  # a mistaken model is one error here, not one in every process
    work = (delayed(_attempt)(source, fspath(model)) for source in sources)
    for result in Parallel(n_jobs=n_jobs, return_as="generator")(work):
        yield result if isinstance(result, Failure) else _cautioned(result)  # here: a warning in a process is lost


def _attempt(source: Source, model: str) -> Assessment | Failure:
    try:
        return _assess(source, model)
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
