"""Assessments side by side: scores, evidence, and what changed from one version of a draft to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.alignment import align
from cqc_nlp.assessment import Assessment, Source, assess
from cqc_nlp.models import DEFAULT
from cqc_nlp.schema import POLARITIES, THEMES, Report, SectionKind, Statement

if TYPE_CHECKING:
    import pandas as pd

RELATED = 0.5
"""Share of the shorter document's statements that must be in the other for the two to count as versions of one draft."""
LABELS = ("polarity", "also", "themes", "source")


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement in two versions, or in one of them.

    Attributes
    ----------
    before, after : Statement or None
        As it stands in each version; None where it does not.
    similarity : float
        How alike the words are: 1 for the same, 0 for a statement in one version only.
    moved : bool
        Whether it stands in another order.
    """

    before: Statement | None
    after: Statement | None
    similarity: float = 0.0
    moved: bool = False

    @property
    def change(self) -> str:
        """``"added"``, ``"dropped"``, ``"reworded"`` or ``"kept"``; apart from that it may be moved or retagged."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "dropped"
        return "kept" if self.similarity == 1 else "reworded"

    @property
    def retagged(self) -> tuple[str, ...]:
        """Which of its labels differ: ``"polarity"``, ``"also"``, ``"themes"``, ``"source"``."""
        if self.before is None or self.after is None:
            return ()
        return tuple(label for label in LABELS if getattr(self.before, label) != getattr(self.after, label))


@dataclass(frozen=True)
class Versions:
    """What became of each statement from one version to a later one.

    Repeated statements, which no score counts, are left out.

    Attributes
    ----------
    before, after : str
        Names of the two documents.
    pairs : tuple of Pair
        Every statement, in the order of the later version; those that were dropped come last.
    matched : float
        Share of the shorter document's statements that are in the other, reworded or not.
    """

    before: str
    after: str
    pairs: tuple[Pair, ...]
    matched: float

    @property
    def related(self) -> bool:
        """Whether most statements match, so that it makes sense to speak of changes.

        If not, as with two authorities, the views give none; ``pairs`` holds them all the same.
        """
        return self.matched >= RELATED

    def changed(self, change: str) -> list[Pair]:
        """The pairs with that change: ``"added"``, ``"dropped"``, ``"reworded"`` or ``"kept"``."""
        return [pair for pair in self.pairs if pair.change == change]

    @property
    def added(self) -> list[Statement]:
        """Statements of the later version only."""
        return [pair.after for pair in self.pairs if pair.before is None and pair.after]

    @property
    def dropped(self) -> list[Statement]:
        """Statements of the earlier version only."""
        return [pair.before for pair in self.pairs if pair.after is None and pair.before]

    @property
    def reworded(self) -> list[Pair]:
        """Statements in both, in other words."""
        return self.changed("reworded")

    @property
    def retagged(self) -> list[Pair]:
        """Statements in both with another polarity, further polarity, theme or source, reworded or not."""
        return [pair for pair in self.pairs if pair.retagged]

    @property
    def moved(self) -> list[Pair]:
        """Statements in both that stand in another order."""
        return [pair for pair in self.pairs if pair.moved]

    def to_frame(self) -> pd.DataFrame:
        """One row a statement: what became of it, with labels and text in both versions."""
        import pandas as pd

        sides = ("before", "after")
        columns = ["change", "moved", "retagged", "similarity", *(f"{what} {side}" for what in (*LABELS, "text") for side in sides)]
        rows = [
            [pair.change, pair.moved, ", ".join(pair.retagged), pair.similarity]
            + [_plain(getattr(pair, side), what) for what in (*LABELS, "text") for side in sides]
            for pair in self.pairs
        ]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Assessments side by side.

    Attributes
    ----------
    assessments : tuple of Assessment
        In the order given.
    names : tuple of str
        Their file names, numbered where several are the same.
    versions : tuple of Versions
        What changed, for each document but the first against the one before it (or against the first).
    """

    assessments: tuple[Assessment, ...]
    names: tuple[str, ...]
    versions: tuple[Versions, ...]

    @property
    def scores(self) -> tuple[int, ...]:
        """The predicted score of each."""
        return tuple(assessment.score for assessment in self.assessments)

    @property
    def expected_scores(self) -> tuple[float, ...]:
        """The expected score of each."""
        return tuple(assessment.expected_score for assessment in self.assessments)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Of the scores 1 to 4, one row a document."""
        return np.array([assessment.probabilities for assessment in self.assessments])

    def prediction_sets(self, coverage: float = 0.9) -> tuple[tuple[int, ...], ...]:
        """The prediction set of each (:meth:`Assessment.prediction_set`)."""
        return tuple(assessment.prediction_set(coverage) for assessment in self.assessments)

    @property
    def caution(self) -> str | None:
        """Why a difference may not be one of evidence, else None."""
        models = sorted({assessment.model for assessment in self.assessments})
        if len(models) == 1:
            return None
        return f"Different models made these assessments ({', '.join(models)}): a difference may be theirs. Assess all with one model."

    def to_frame(self) -> pd.DataFrame:
        """The evidence side by side.

        Returns
        -------
        pandas.DataFrame
            One row for all statements, for each theme and for each section; for each document a column for the number of
            statements of each polarity and one for the ``balance`` that the score rests on: the logarithm of strengths
            over shortfalls, above 0 where strengths prevail. A part with few statements is drawn towards the whole.
        """
        import pandas as pd

        parts: dict[tuple[str, str], str] = {("all", "all statements"): "balance"}
        parts |= {("theme", str(theme)): f"balance: {theme}" for theme in THEMES} | {("theme", "no theme"): ""}
        parts |= {("section", str(kind)): f"balance: section {kind}" for kind in SectionKind}
        columns: dict[tuple[str, str], list[float]] = {}
        for name, assessment in zip(self.names, self.assessments, strict=True):
            statements, balances = _counted(assessment), assessment.features
            counts = [Counter(s.polarity for s in statements if _belongs(s, *part)) for part in parts]
            columns |= {(name, str(polarity)): [count[polarity] for count in counts] for polarity in POLARITIES}
            columns[name, "balance"] = [round(balances.get(feature, float("nan")), 2) for feature in parts.values()]
        frame = pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(parts, names=["by", "part"]))
        frame.columns.names = ["document", "evidence"]
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON; changes only between versions that are :attr:`Versions.related`."""
        from cqc_nlp.views.plain import comparison_dict

        return comparison_dict(self)

    def to_json(self, **kwargs: Any) -> str:
        """Everything as a JSON document; keyword arguments go to :func:`json.dumps`."""
        import json

        return json.dumps(self.to_dict(), ensure_ascii=False, **kwargs)

    def _repr_html_(self) -> str:
        from cqc_nlp.views.notebook import comparison_html

        return comparison_html(self)

    def __repr__(self) -> str:
        results = zip(self.names, self.scores, self.expected_scores, strict=True)
        return f"Comparison({', '.join(f'{name}: {score} (expected {expected:.2f})' for name, score, expected in results)})"


def compare(
    assessments: Iterable[Assessment | Source], model: str | PathLike[str] = DEFAULT, against: Literal["previous", "first"] = "previous"
) -> Comparison:
    """Set assessments side by side: versions of a draft, or different authorities.

    Parameters
    ----------
    assessments : iterable of Assessment, path, Report or str
        At least two, of versions the earliest first. What is no assessment yet is assessed.
    model : str or path
        For those that are still to be assessed.
    against : {"previous", "first"}
        Which version each later one is compared with, statement by statement.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For fewer than two.
    UnreadableDocument, UnsupportedFormat, ModelError
        As :func:`cqc_nlp.assess` does.

    Examples
    --------
    >>> first = "Carers waited six months for a break. We plan to open a centre."
    >>> comparison = compare([first, "Carers waited two months for a break. Staff were well trained."], model="fast")
    >>> [(pair.before.text, pair.after.text) for pair in comparison.versions[0].reworded]
    [('Carers waited six months for a break.', 'Carers waited two months for a break.')]
    >>> [statement.text for statement in comparison.versions[0].added]
    ['Staff were well trained.']
    """
    if against not in ("previous", "first"):
        raise ValueError(f"against={against!r} is no way to compare; choose 'previous' or 'first'.")
    given: list[Assessment | Source]
    given = [assessments] if isinstance(assessments, (str, PathLike, Report, Assessment)) else list(assessments)
    if len(given) < 2:
        advice = "Give a list of two or more, such as compare(['first.docx', 'second.docx']); for a single one there is band_profile()."
        raise ValueError(f"There is nothing to compare: {len(given)} given. {advice}")
    done = tuple(item if isinstance(item, Assessment) else assess(item, model) for item in given)
    names = _names(done)
    earlier = [position - 1 if against == "previous" else 0 for position in range(1, len(done))]
    versions = (_versions(done[i], done[j], names[i], names[j]) for j, i in enumerate(earlier, start=1))
    return Comparison(done, names, tuple(versions))


def _names(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    names: list[str] = []
    for assessment in assessments:
        name = assessment.report.name
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def _counted(assessment: Assessment) -> list[Statement]:
    return [statement for statement in assessment.statements if not statement.repeated]


def _versions(one: Assessment, other: Assessment, before: str, after: str) -> Versions:
    old, new = _counted(one), _counted(other)
    matches = align([statement.text for statement in old], [statement.text for statement in new])
    found = {match.after: Pair(old[match.before], new[match.after], match.similarity, match.moved) for match in matches}
    kept = {match.before for match in matches}
    pairs = [found.get(position, Pair(None, statement)) for position, statement in enumerate(new)]
    pairs += [Pair(statement, None) for position, statement in enumerate(old) if position not in kept]
    shorter = min(len(old), len(new))
    return Versions(before, after, tuple(pairs), len(matches) / shorter if shorter else 0.0)


def _belongs(statement: Statement, by: str, part: str) -> bool:
    if by == "section":
        return statement.section.kind == part
    return by == "all" or part in statement.themes or (part == "no theme" and not statement.themes)


def _plain(statement: Statement | None, label: str) -> str:
    if statement is None:
        return ""
    value = getattr(statement, label)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
