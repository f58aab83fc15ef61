"""The assessment framework as data: quality statements, sections, score labels and rating bands.

Examples
--------
>>> from cqc_nlp import framework
>>> framework.overall_rating([3, 3, 4, 3, 4, 4, 3, 4, 4])
(89, 'Outstanding')
>>> framework.QUALITY_STATEMENTS[3].name
'Care provision, integration and continuity'
>>> framework.SCORE_LABELS[2]
'Evidence shows some shortfalls'
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

SCORES: tuple[int, ...] = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class QualityStatement:
    """One of the nine quality statements: what an authority is assessed against."""

    number: int
    name: str
    theme: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionHeading:
    """One of the five headings under which quality statement 4 is reported."""

    kind: str
    heading: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RatingBand:
    """An overall rating and the lowest whole percentage that earns it."""

    rating: str
    lowest: int


class RatingChange(NamedTuple):
    """A change of one score that would change the rating."""

    quality_statement: int
    old: int
    new: int
    rating: str


@dataclass(frozen=True, slots=True)
class RatingOutlook:
    """Where nine scores stand in their rating band, and what would move them out of it.

    Attributes
    ----------
    percentage : int
    rating : str
        As :func:`overall_rating` gives them.
    lowest, highest : int
        The percentages that bound the band, both in it.
    next_rating : str or None
        The band above; None in the highest.
    steps_up : int or None
        How many steps of one score reach it; None in the highest.
    steps_down : int or None
        How many steps lost would lose the band; None in the lowest.
    changes : tuple of RatingChange
        Every change of a single score that would change the rating, by quality statement and new score.
    """

    percentage: int
    rating: str
    lowest: int
    highest: int
    next_rating: str | None
    steps_up: int | None
    steps_down: int | None
    changes: tuple[RatingChange, ...]


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """What public sources show of the result of one local authority.

    Attributes
    ----------
    local_authority : str
    published : str or None
        Year and month, ``"2025-05"``.
    scores : tuple of int or None
        Of the nine quality statements, in order; None where no source shows it.
    overall_score : int or None
        The overall percentage.
    rating : str or None
    source_url : str
        Where it stands; several are divided by " ; ".
    """

    local_authority: str
    published: str | None
    scores: tuple[int | None, ...]
    overall_score: int | None
    rating: str | None
    source_url: str


_DATA = json.loads(files("cqc_nlp").joinpath("data/framework.json").read_text(encoding="utf-8"))

QUALITY_STATEMENTS: tuple[QualityStatement, ...] = tuple(
    QualityStatement(row["number"], row["name"], row["theme"], tuple(row.get("aliases", ()))) for row in _DATA["quality_statements"]
)
SECTIONS: tuple[SectionHeading, ...] = tuple(
    SectionHeading(row["kind"], row["heading"], tuple(row.get("aliases", ()))) for row in _DATA["sections"]
)
SCORE_LABELS: dict[int, str] = {int(score): label for score, label in _DATA["scores"].items()}
RATING_BANDS: tuple[RatingBand, ...] = tuple(RatingBand(row["rating"], row["lowest"]) for row in _DATA["bands"])


def overall_rating(scores: Sequence[int]) -> tuple[int, str]:
    """Overall percentage and rating from the nine quality-statement scores.

    Parameters
    ----------
    scores : sequence of int
        The nine scores, each 1 to 4, in any order.

    Returns
    -------
    percentage : int
        ``100 * sum(scores) / 36``, rounded up to a whole percent, 25 to 100. That it is rounded up
        is inferred from published results.
    rating : str
        The rating of the band that holds the percentage.

    Raises
    ------
    ValueError
        If there are not nine scores, or one is not a whole number from 1 to 4.

    Examples
    --------
    >>> overall_rating([2] * 9)
    (50, 'Requires improvement')
    """
    if len(scores) != len(QUALITY_STATEMENTS):
        raise ValueError(f"An overall rating needs {len(QUALITY_STATEMENTS)} scores, one a quality statement; got {len(scores)}.")
    if any(score not in SCORES for score in scores):
        raise ValueError(f"Every score must be a whole number from 1 to 4; got {list(scores)}.")
    percentage = _percentage(sum(scores))
    return percentage, _band(percentage).rating


def rating_outlook(scores: Sequence[int]) -> RatingOutlook:
    """Where nine scores stand in their rating band, and what would move them out of it.

    Parameters
    ----------
    scores : sequence of int
        The nine scores, each 1 to 4, in the order of the quality statements.

    Raises
    ------
    ValueError
        As :func:`overall_rating`.

    Examples
    --------
    >>> outlook = rating_outlook([2, 2, 3, 3, 3, 2, 2, 2, 3])
    >>> outlook.percentage, outlook.rating, outlook.next_rating, outlook.steps_up, outlook.steps_down
    (62, 'Requires improvement', 'Good', 1, 9)
    >>> outlook.changes[0]
    RatingChange(quality_statement=1, old=2, new=3, rating='Good')
    """
    percentage, rating = overall_rating(scores)
    total = sum(scores)
    band = _band(percentage)
    higher = min((other for other in RATING_BANDS if other.lowest > band.lowest), key=lambda other: other.lowest, default=None)
    totals = range(min(SCORES) * len(scores), max(SCORES) * len(scores) + 1)
    above = [other - total for other in totals if higher and _percentage(other) >= higher.lowest]
    below = [total - other for other in totals if _percentage(other) < band.lowest]
    changes = (
        RatingChange(number, old, new, _band(_percentage(total - old + new)).rating)
        for number, old in enumerate(scores, start=1)
        for new in SCORES
    )
    return RatingOutlook(
        percentage,
        rating,
        lowest=band.lowest,
        highest=higher.lowest - 1 if higher else 100,
        next_rating=higher.rating if higher else None,
        steps_up=min(above, default=None),
        steps_down=min(below, default=None),
        changes=tuple(change for change in changes if change.rating != rating),
    )


def _percentage(total: int) -> int:
    return -(-100 * int(total) // (max(SCORES) * len(QUALITY_STATEMENTS)))


def _band(percentage: int) -> RatingBand:
    return max((band for band in RATING_BANDS if band.lowest <= percentage), key=lambda band: band.lowest)


@cache
def published_scores() -> tuple[PublishedScores, ...]:
    """The published results that public sources show, by authority: not all of them, and no random sample.

    Examples
    --------
    >>> york = next(row for row in published_scores() if row.local_authority == "York")
    >>> york.scores, york.overall_score, york.rating
    ((1, 2, 2, 1, 2, 1, 1, 2, 2), 39, 'Requires improvement')
    """
    lines = files("cqc_nlp").joinpath("data/published_scores.csv").read_text(encoding="utf-8").splitlines()
    return tuple(
        PublishedScores(
            row["local_authority"],
            row["published"] or None,
            tuple(_number(row[f"qs{statement.number}"]) for statement in QUALITY_STATEMENTS),
            _number(row["overall_score"]),
            row["rating"] or None,
            row["source_url"],
        )
        for row in csv.DictReader(lines)
    )


def _number(cell: str) -> int | None:
    return int(cell) if cell else None


def published_prior(quality_statement: int = 4) -> tuple[float, ...]:
    """Shares of the scores 1 to 4 among the published scores of a quality statement, one added to each.

    The scores are those that public sources showed, not a random sample.

    Parameters
    ----------
    quality_statement : int
        Its number, 1 to 9.

    Raises
    ------
    ValueError
        If there is no quality statement of that number.

    Examples
    --------
    >>> [round(share, 3) for share in published_prior(4)]
    [0.055, 0.473, 0.455, 0.018]
    """
    if quality_statement not in {statement.number for statement in QUALITY_STATEMENTS}:
        raise ValueError(f"There is no quality statement {quality_statement!r}; choose a number from 1 to {len(QUALITY_STATEMENTS)}.")
    counts = Counter(score for row in published_scores() if (score := row.scores[quality_statement - 1]))
    return tuple((counts[score] + 1) / (counts.total() + len(SCORES)) for score in SCORES)
