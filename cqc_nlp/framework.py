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

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

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
    percentage = -(-100 * int(sum(scores)) // (max(SCORES) * len(QUALITY_STATEMENTS)))
    rating = max((band for band in RATING_BANDS if band.lowest <= percentage), key=lambda band: band.lowest).rating
    return percentage, rating
