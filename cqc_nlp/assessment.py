"""The one way through: read, split, tag, score."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.errors import CannotWrite, CQCNLPError, DocumentTooLarge, ModelError, NotAnAssessment, UnreadableDocument
from cqc_nlp.framework import SCORES
from cqc_nlp.models import DEFAULT, check_identity, load_scorer, load_tagger
from cqc_nlp.reading import FORMATS, read, read_text
from cqc_nlp.schema import Report, Section, SectionKind, Sentence, Statement
from cqc_nlp.scoring.explanation import Explanation, explain
from cqc_nlp.scoring.features import FEATURES, evidence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from cqc_nlp.bands import BandProfile
    from cqc_nlp.entities import Entity
    from cqc_nlp.results import Results
    from cqc_nlp.review import Finding
    from cqc_nlp.scoring import QualityScorer
    from cqc_nlp.scoring.precedents import Precedent

Source = str | PathLike[str] | Report
_LOT = 16  # reports a process, between two moments at which all wait for the last of them
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

    def band_profile(self, score: int | None = None) -> BandProfile:
        """Its evidence beside that of written reports with one score and with the next (:func:`cqc_nlp.bands.band_profile`).

        Parameters
        ----------
        score : int, optional
            The score to compare with; the predicted one if left out.
        """
        from cqc_nlp.bands import band_profile

        return band_profile(self, score)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """What an index of it would list: strategies, boards, services, organisations, places, dates (:mod:`cqc_nlp.entities`).

        Examples
        --------
        >>> draft = assess("The Health and Wellbeing Board met in March 2025. Carers told the Board that they waited.", model="fast")
        >>> [(str(entity.kind), entity.name, len(entity.mentions)) for entity in draft.entities]
        [('board', 'Health and Wellbeing Board', 2), ('date', 'March 2025', 1)]
        """
        from cqc_nlp.entities import entities

        return entities(self.statements)

    def to_frame(self, of: Literal["statements", "entities"] = "statements") -> pd.DataFrame:
        """A pandas data frame.

        Parameters
        ----------
        of : {"statements", "entities"}
            One row a statement, or one row a mention of an entity.
        """
        from cqc_nlp.views.frame import entities_frame, to_frame

        if of not in ("statements", "entities"):
            raise ValueError(f'to_frame: of is "statements" or "entities"; got {of!r}.')
        return to_frame(self) if of == "statements" else entities_frame(self)

    def to_docx(self, path: str | PathLike[str], comments: str = "key", source: str | PathLike[str] | bytes | None = None) -> None:
        """Write a Word file with every statement marked by its polarity, and comments.

        A Word file that was assessed keeps its layout, its comments and its tracked changes; only shading, underlines
        and comments are added, and the file itself is never overwritten. Anything else becomes a new document,
        with the score on its first page.

        Parameters
        ----------
        path : path
            The file to write.
        comments : {"key", "all"}
            Comment on the statements that move the score most, those whose tag is unsure and those that the review
            names; or on every statement.
        source : path or bytes, optional
            The Word file that was assessed, where it was read from bytes or has been moved since.

        Raises
        ------
        CannotWrite
            If there is no such folder, or the file is the assessed one.
        UnreadableDocument
            If the assessed file is gone or its text has changed.
        """
        from cqc_nlp.views.docx import to_docx

        to_docx(self, path, comments, source)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Everything as one HTML document, which needs no connection and sends nothing.

        Score, what it rests on, the review, and the text with every statement marked, to filter and to search. It
        holds the whole text of the report: handle it as you handle the report.

        Parameters
        ----------
        path : path, optional
            A file to write it to as well.

        Returns
        -------
        str

        Raises
        ------
        CannotWrite
            If there is no such folder, or the file is the assessed one.

        Examples
        --------
        >>> page = assess("Carers waited six months for a break.", model="fast").to_html()
        >>> page.startswith("<!DOCTYPE html>"), "Carers waited six months for a break." in page
        (True, True)
        """
        from cqc_nlp.views.files import save
        from cqc_nlp.views.html import to_html

        page = to_html(self)
        if path is not None:
            save(page.encode(), path, self.report.path)
        return page

    def _repr_html_(self) -> str:
        from cqc_nlp.views.notebook import assessment_html

        return assessment_html(self)

    def plot(self, kind: str = "probabilities", ax: Axes | None = None) -> Axes:
        """Plot it with matplotlib (:mod:`cqc_nlp.plots`; needs the extra ``plot``).

        Parameters
        ----------
        kind : {"probabilities", "evidence", "contributions", "sections"}
            The scores; themes by polarity; the steps to the score; the sections by polarity.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if left out.
        """
        from cqc_nlp.plots import plot

        return plot(self, kind, ax)

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


def _assess(source: Source, model: str | PathLike[str], results: Results | None = None) -> Assessment:
    from cqc_nlp.boundaries import sentences
    from cqc_nlp.results import Kept
    from cqc_nlp.tagging.domain import familiarity
    from cqc_nlp.tagging.tagger import place

    report = _report(source)
    found = sentences(report)
    if not found:
        raise UnreadableDocument(f"{report.name}: no statements were found in it; check that it holds the text of an assessment.")
    kept = results.get(found) if results else None
    if kept is None:
        tagger = load_tagger(fspath(model))
        statements = tagger.tag_sentences(found)
        kept = Kept(tuple(statement.tag for statement in statements), familiarity(statements, tagger))
        if results:
            results.put(found, kept)
    else:
        statements = place(found, kept.tags)
    scorer = load_scorer(fspath(model))
    probabilities = scorer.predict_proba(evidence(statements)[None])[0]
    return Assessment(report, statements, probabilities, fspath(model), scorer, kept.familiarity)


def _cautioned(assessment: Assessment) -> Assessment:
    """The assessment, after a warning where its score should not be used."""
    if assessment.caution:
        message = f"{assessment.report.name}: {assessment.caution} Check that it is the document that you meant."
        warnings.warn(message, NotAnAssessment, stacklevel=3)
    return assessment


def assess_many(
    sources: Iterable[Source],
    model: str | PathLike[str] = DEFAULT,
    n_jobs: int | None = None,
    resume: str | PathLike[str] | None = None,
) -> Iterator[Assessment | Failure]:
    """Assess many reports, in order and as they come.

    Sources are taken, and results held, in small lots, so that memory does not grow with their number.

    Parameters
    ----------
    sources : iterable of path, Report or str
        As for :func:`assess`.
    model : str or path
        As for :func:`assess`.
    n_jobs : int, optional
        How many processes work at once (joblib); -1 for one a core. Left out: one, or what
        :func:`joblib.parallel_config` says; with its backend ``"dask"`` the work goes to a cluster of machines.
    resume : path, optional
        A folder in which the labels of each report are kept as they come, and from which they are taken where the
        report, the model and the library are the same: a run that was interrupted goes on. No text is kept.
        Machines of a cluster must share it.

    Yields
    ------
    Assessment or Failure
        One a source, in order; a file that cannot be assessed is a ``Failure``, and the rest go on.

    Examples
    --------
    >>> for result in assess_many(["Carers could not get a break.", "gone.docx", "Staff were well trained."], model="fast"):
    ...     print(result if isinstance(result, Failure) else result.statements[0].polarity)
    shortfall
    gone.docx: there is no such file; check the path.
    strength
    """
    from joblib import Parallel, delayed, effective_n_jobs

    from cqc_nlp.models import identify
    from cqc_nlp.results import Results

    name, digest = identify(fspath(model))
    load_scorer(name)  # a mistaken model is one error here, not one in every process
    results = Results(Path(resume).absolute(), digest) if resume is not None else None
    workers = effective_n_jobs(n_jobs)
    waiting = iter(sources)
    if workers == 1:
        for source in waiting:
            yield _returned(_attempt(source, name, digest, results), model)
        return
    try:
        with Parallel(n_jobs=n_jobs, return_as="generator") as pool:
            while lot := list(islice(waiting, _LOT * workers)):
                for result in pool(delayed(_attempt)(source, name, digest, results) for source in lot):
                    yield _returned(result, model)
    except BrokenProcessPool as error:
        raise CQCNLPError("a process was ended from outside, as when memory runs out; let fewer work at once (n_jobs, --jobs).") from error


def _returned(result: Assessment | Failure, model: str | PathLike[str]) -> Assessment | Failure:
    """A result as the caller sees it: the model under the caller's name, and the warning here, as one in a process is lost."""
    return result if isinstance(result, Failure) else _cautioned(replace(result, model=fspath(model)))


def _attempt(source: Source, model: str, digest: str, results: Results | None) -> Assessment | Failure:
    check_identity(model, digest)
    try:
        return _assess(source, model, results)
    except (ModelError, CannotWrite):
        raise  # every other report would fail alike
    except CQCNLPError as error:
        return Failure(_name(source), error)
    except MemoryError:
        return Failure(_name(source), DocumentTooLarge(f"{_name(source)}: it takes more memory than there is; read it in parts."))


def _name(source: Source) -> str:
    """What to call a source in messages; never its text."""
    if isinstance(source, Report):
        return source.name
    return "text" if isinstance(source, str) and not _names_file(source) else fspath(source)


def _report(source: Source) -> Report:
    if isinstance(source, Report):
        return source
    if isinstance(source, str) and not _names_file(source):
        return read_text(source)
    return read(source)


def _names_file(text: str) -> bool:
    """Whether a string is meant as a path: it exists, or is one short line that ends like a file name."""
    if len(text) > 1000 or "\n" in text:
        return False
    try:
        if Path(text).exists():
            return True
    except (OSError, ValueError):
        return False
    return Path(text).suffix.lower() in _DOCUMENT_ENDINGS
