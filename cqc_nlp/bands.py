"""An assessment beside the written reports that have one score, and beside those with the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cqc_nlp.framework import SCORES, SECTIONS
from cqc_nlp.schema import SOURCES, THEMES, Polarity, Statement

if TYPE_CHECKING:
    import pandas as pd

    from cqc_nlp.assessment import Assessment

_NAMES = {Polarity.STRENGTH: "strengths", Polarity.SHORTFALL: "shortfalls", Polarity.PLAN: "plans"}
_JOINED = {"theme": "about {}", "section": "in “{}”", "source": "from {}"}
_IN_WORDS = {section.kind: section.heading for section in SECTIONS} | {"assessor": "no one but the writer"}
CAVEAT = (
    "The reports compared with are written examples about invented authorities, not published ones. They differ less among "
    "themselves than published ones do, are shorter (about 60 statements), and more of their statements come from people. Even "
    "of them half lie outside the middle half on any one measure, so one difference means little."
)


@dataclass(frozen=True, slots=True)
class Middle:
    """Quartiles of a measure among the reports of one score."""

    lower: float
    median: float
    upper: float

    def place(self, value: float, step: float = 0.0) -> str:
        """Whether a value lies ``"below"``, ``"within"`` or ``"above"`` the middle half, by more than one step."""
        return "below" if value + step < self.lower else "above" if value - step > self.upper else "within"

    def distance(self, value: float) -> float:
        """How far a value lies outside the middle half, in widths of it; a width of less than 2 counts as that."""
        return max(self.lower - value, value - self.upper, 0.0) / max(self.upper - self.lower, 2.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of the evidence beside its values in reports of the same and of the next score.

    Attributes
    ----------
    by, part, name : str
        What it is of: ``("theme", "carers", "strengths")``, ``("source", "staff", "statements")``.
    value : float
        Of this assessment: percent of all its statements; for ``("all", "all statements", "number")`` how many there are.
    band : Middle
        In reports with the score in question.
    above : Middle or None
        In reports one score higher; None for score 4.
    step : float
        What one statement more or less would change: a difference that it could undo is none.
    """

    by: str
    part: str
    name: str
    value: float
    band: Middle
    above: Middle | None
    step: float

    @property
    def label(self) -> str:
        """What it is, in words: ``"strengths about carers"``."""
        if self.by == "all":
            return f"{self.name} of statements" if self.name == "number" else self.name
        return f"{self.name} {_JOINED[self.by].format(_IN_WORDS.get(self.part, self.part) if self.by != 'theme' else self.part)}"

    @property
    def place(self) -> str:
        """Where it lies: ``"below"``, ``"within"`` or ``"above"`` the middle half of the reports with the score."""
        return self.band.place(self.value, self.step)

    @property
    def next(self) -> str:
        """Whether reports one score higher have ``"more"`` or ``"less"`` of it, both than this one and than the band; else empty."""
        if self.above is None:
            return ""
        place, rise = self.above.place(self.value, self.step), self.above.median - self.band.median
        return "more" if place == "below" and rise > 0 else "less" if place == "above" and rise < 0 else ""


@dataclass(frozen=True)
class BandProfile:
    """The evidence of an assessment beside that of written reports with one score.

    Attributes
    ----------
    name : str
        Of the document.
    score : int
        The score that it is set beside.
    reports, next_reports : int
        How many reports have that score, and the next; 0 where there is none.
    measures : tuple of Measure
        Number of statements; then, in percent of them, strengths, shortfalls and plans: of all, of each theme and of
        each section; and the statements from each source.
    caveat : str
        What a reader must know of the reports before relying on it.
    """

    name: str
    score: int
    reports: int
    next_reports: int
    measures: tuple[Measure, ...]
    caveat: str = CAVEAT

    @property
    def outside(self) -> list[Measure]:
        """Measures outside the middle half of the reports with the score, the farthest first."""
        return sorted((m for m in self.measures if m.place != "within"), key=lambda m: -m.band.distance(m.value))

    @property
    def towards_next(self) -> list[Measure]:
        """Measures that reports one score higher have clearly more or less of, the farthest first."""
        return sorted((m for m in self.measures if m.next), key=lambda m: -(m.above or m.band).distance(m.value))

    def to_frame(self) -> pd.DataFrame:
        """One row a measure: its value, the quartiles and where it lies among them; the same for the next score."""
        import pandas as pd

        nothing = Middle(float("nan"), float("nan"), float("nan"))
        rows = [
            [m.value, m.band.lower, m.band.median, m.band.upper, m.place]
            + [quartile for above in (m.above or nothing,) for quartile in (above.lower, above.median, above.upper)]
            + [m.next]
            for m in self.measures
        ]
        columns = ["value", "lower quartile", "median", "upper quartile", "place"]
        columns += [f"next score: {name}" for name in ("lower quartile", "median", "upper quartile", "has")]
        index = pd.MultiIndex.from_tuples([(m.by, m.part, m.name) for m in self.measures], names=["by", "part", "measure"])
        return pd.DataFrame(rows, columns=columns, index=index).round(1)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        from cqc_nlp.views.plain import band_dict

        return band_dict(self)


def band_profile(assessment: Assessment, score: int | None = None) -> BandProfile:
    """Set an assessment beside the written reports of the corpus that have one score.

    Parameters
    ----------
    assessment : Assessment
    score : int, optional
        The score to compare with; the predicted one if left out.

    Returns
    -------
    BandProfile

    Raises
    ------
    ValueError
        If there is no such score.
    CorpusError
        If the corpus is missing or broken.

    Examples
    --------
    >>> from cqc_nlp import assess
    >>> draft = "Staff were well trained. Carers could get a break. We plan to open a hub. Homes were good. People had choice."
    >>> profile = band_profile(assess(draft, model="fast"), score=3)
    >>> [m.place for m in profile.measures if m.name == "number"]
    ['below']
    """
    score = assessment.score if score is None else score
    if score not in SCORES:
        raise ValueError(f"There is no score {score!r}; choose one of {', '.join(map(str, SCORES))}.")
    own = _values(assessment.statements)
    number = own["all", "all statements", "number"]
    band, above = (_bands().get(which, []) for which in (score, score + 1))
    measures = []
    for key, value in own.items():
        middle, upper = (_middle([values[key] for values in reports]) if reports else None for reports in (band, above))
        if middle:
            measures.append(Measure(*key, value, middle, upper, 1.0 if key[2] == "number" else 100 / max(number, 1.0)))
    return BandProfile(assessment.report.name, score, len(band), len(above), tuple(measures))


_Key = tuple[str, str, str]


def _values(statements: Sequence[Statement]) -> dict[_Key, float]:
    """The measures of one report, by what they are of. Tags count whole, as those of the corpus do."""
    counted = [statement for statement in statements if not statement.repeated]
    found: Counter[_Key] = Counter()
    for statement in counted:
        parts = [("all", "all statements"), ("section", str(statement.section.kind)), *(("theme", str(t)) for t in statement.themes)]
        name = _NAMES.get(Polarity(statement.polarity)) if statement.polarity in _NAMES else None
        found.update((*part, name) for part in parts if name)
        found["source", str(statement.source), "statements"] += 1
    parts = [("all", "all statements"), *(("theme", str(theme)) for theme in THEMES), *(("section", section.kind) for section in SECTIONS)]
    keys: list[_Key] = [(*part, name) for part in parts for name in _NAMES.values()]
    keys += [("source", str(source), "statements") for source in SOURCES]
    shares = {key: 100 * found[key] / max(len(counted), 1) for key in keys}
    return {("all", "all statements", "number"): float(len(counted))} | shares


@cache
def _bands() -> dict[int, list[dict[_Key, float]]]:
    """The measures of every corpus report on "Care provision, integration and continuity", by score."""
    from cqc_nlp.corpus import labelled_reports

    bands: dict[int, list[dict[_Key, float]]] = {score: [] for score in SCORES}
    for report in labelled_reports():
        if report.teaches_score:
            bands[report.score].append(_values(report.statements))
    return bands


def _middle(values: Sequence[float]) -> Middle:
    import numpy as np

    return Middle(*np.quantile(values, (0.25, 0.5, 0.75)).tolist())
