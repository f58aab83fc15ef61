"""The national measures of ``data/measures.json``: which one a figure belongs to, and its England value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from cqc_nlp.patterns import Rule, prepare

_ABOUT_CARERS = re.compile(r"\bcarers?\b(?! (?:home|worker))|\bSACE\b", re.IGNORECASE)


class Measure(NamedTuple):
    """A national measure.

    Attributes
    ----------
    id, name, source, unit : str
        What it is, and where it is published.
    better : str or None
        ``"higher"`` or ``"lower"``, whichever is better for people.
    who : str or None
        ``"carers"`` for a measure of unpaid carers, ``"people"`` for one of people who draw on care.
    phrases : Rule
        What recognises it in a sentence.
    england : mapping of str to float
        The England value by year.
    """

    id: str
    name: str
    source: str
    unit: str
    better: str | None
    who: str | None
    phrases: Rule
    england: Mapping[str, float]


@cache
def measures() -> dict[str, Measure]:
    """The measures by id.

    Examples
    --------
    >>> measures()["SFC_VACANCY"].better, measures()["SFC_VACANCY"].england["2022/23"]
    ('lower', 9.9)
    """
    rows = _data()["measures"]
    phrases = prepare(re.compile(row["phrases"], re.IGNORECASE) for row in rows)
    return {
        row["id"]: Measure(
            row["id"],
            row["name"],
            row["source"],
            row["unit"],
            row["better"],
            row["who"],
            rule,
            {year: known["value"] for year, known in row["england"].items()},
        )
        for row, rule in zip(rows, phrases, strict=True)
    }


def recognise(text: str, unit: str, position: int, around: str = "") -> Measure | None:
    """The measure of a figure: the one that its sentence names nearest to it, if it has the unit of that.

    Parameters
    ----------
    text : str
        The sentence.
    unit : str
        The unit of the figure.
    position : int
        Where the figure stands in the sentence.
    around : str
        Text before it that may say whom it is about.

    Examples
    --------
    >>> recognise("Turnover was 30% and the vacancy rate 9%.", "%", 38).id
    'SFC_VACANCY'
    """
    about_carers = bool(_ABOUT_CARERS.search(text) or "SACE" in around)
    found = [
        # Of two phrases at one place, the longer is the more particular measure.
        (_distance(start, end, position, text), measures()[name].unit != unit, start - end, name)
        for name, start, end in _named(text, about_carers)
    ]
    nearest = measures()[min(found)[3]] if found else None
    return nearest if nearest and nearest.unit == unit else None


@lru_cache(maxsize=64)
def _named(text: str, about_carers: bool) -> list[tuple[str, int, int]]:
    """The measures that a sentence names, and where."""
    return [
        (measure.id, *match.span())
        for measure in measures().values()
        if measure.who is None or (measure.who == "carers") == about_carers
        for match in measure.phrases.finditer(text)
    ]


def contradiction(measure: Measure, year: str | None, quoted: float) -> str:
    """A note if a quoted England average is not the known one; else empty.

    Examples
    --------
    >>> contradiction(measures()["SFC_VACANCY"], "2022/23", 9.9)
    ''
    >>> contradiction(measures()["SFC_VACANCY"], "2022/23", 12.0)
    'The England average is quoted as 12%; the known value for 2022/23 is 9.9%.'
    """
    known = measure.england.get(year or "")
    unit = measure.unit if measure.unit == "%" else f" {measure.unit}"
    if known is not None and abs(known - quoted) > _tolerance(known, quoted):
        return f"The England average is quoted as {quoted:g}{unit}; the known value for {year} is {known:g}{unit}."
    values = sorted(measure.england.values())
    # Without a year only a value far outside everything known says anything.
    if known is None and values and not values[0] - _far(values) <= quoted <= values[-1] + _far(values):
        known_range = f"{values[0]:g}{unit} and {values[-1]:g}{unit}"
        return f"The England average is quoted as {quoted:g}{unit}; the known values lie between {known_range}."
    return ""


def _far(values: list[float]) -> float:
    return max(values[-1] - values[0], values[-1] / 2)


def _tolerance(known: float, quoted: float) -> float:
    """Half a unit of the coarser of the two roundings, and what a revision of the series may add."""
    decimals = min(len(f"{value:.10g}".partition(".")[2]) for value in (known, quoted))
    return float(0.5 * 10**-decimals + _data()["tolerance"])


def _distance(start: int, end: int, position: int, text: str) -> int:
    """Characters between a phrase and a figure; a comma between them parts them further."""
    if start <= position <= end:
        return 0
    left, right = (end, position) if end < position else (position, start)
    return right - left + 40 * len(re.findall("[,;] ", text[left:right]))


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(files("cqc_nlp").joinpath("data/measures.json").read_text(encoding="utf-8"))
    return data
