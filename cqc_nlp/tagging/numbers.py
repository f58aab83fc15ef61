"""Numbers that are evidence in a sentence, by the rules of ``data/figures.json``."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from cqc_nlp.patterns import Rule, prepare

_MONEY_SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}


class Number(NamedTuple):
    """A number with its unit; ``start`` and ``end`` count from the start of the sentence."""

    value: float
    unit: str
    start: int
    end: int


@cache
def rules() -> dict[str, Any]:
    """``data/figures.json``."""
    data: dict[str, Any] = json.loads(files("cqc_nlp").joinpath("data/figures.json").read_text(encoding="utf-8"))
    return data


@cache
def compiled(pattern: str) -> Rule:
    """A pattern of the rules with its placeholders filled in, ignoring case."""
    for name, part in _placeholders().items():
        pattern = pattern.replace(name, part)
    return prepare([re.compile(pattern, re.IGNORECASE)])[0]


@cache
def _placeholders() -> dict[str, str]:
    """What the placeholders stand for. One may hold those after it."""
    data = rules()
    return {
        "{PERIOD}": "|".join(data["periods"]),
        # Adjectives between a number and its noun; a word that opens another phrase ends them.
        "{GAP}": rf"(?:(?!(?:{data['not_nouns']})\b|{{DIGITS}}|\b(?:{{WORDS}})\b)[A-Za-z_'’-]+,? (?:and (?=[\w-]+ ))?){{0,4}}?",
        "{AMOUNT}": r"(?<![\w.,£])(?:{DIGITS})(?![.,]?\d)|(?<![\w-])(?:{WORDS})\b",
        "{N}": r"(?:(?<![\w£.,])(?:{DIGITS})(?![\w%]|[.,]\d)|(?<![\w-])(?:{WORDS})\b)",
        "{DIGITS}": r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?",
        "{WORDS}": "|".join(sorted(data["words"], key=len, reverse=True)),
        "{SHARES}": "|".join(name.replace(" ", "[ -]") for name in data["shares"]),
        "{UNITS}": "|".join(data["durations"]),
        "{NOUN}": f"(?:{'|'.join(sorted(data['nouns'], key=len, reverse=True))})",
        "{YEAR}": data["year"],
        "{MONTH}": data["month"],
    }


def blank(text: str) -> str:
    """The sentence with dates, ages, section numbers and the like blanked out, every character in its place.

    Examples
    --------
    >>> blank("In 2023, 12 people aged 65 and over waited.")
    '_______, 12 people ________________ waited.'
    """
    for pattern in rules()["not_figures"]:
        text = compiled(pattern).sub(lambda match: "_" * len(match.group()), text)
    return text


def numbers(text: str) -> list[Number]:
    """The numbers of a sentence that are evidence, in order.

    Examples
    --------
    >>> [(n.value, n.unit) for n in numbers("In 2023, 130 of 187 requests were met and 12 people waited two weeks.")]
    [(130.0, 'of 187 requests'), (12.0, 'people'), (2.0, 'weeks')]
    """
    any_number = compiled(rules()["any"])
    masked = blank(text) if any_number.search(text) else ""
    if not any_number.search(masked):
        return []
    found: list[Number] = []
    for kind, pattern in rules()["kinds"].items():
        for match in compiled(pattern).finditer(masked):
            number = _number(kind, match, masked)
            if number and not any(number.start < other.end and other.start < number.end for other in found):
                found.append(number)
                if kind == "of":  # a denominator is no number of its own
                    masked = masked[: match.start()] + "_" * len(match.group()) + masked[match.end() :]
    found += _bare(masked, found)
    return [number for number in sorted(found, key=lambda n: n.start) if not _threshold(number, masked, found)]


def value(word: str) -> float:
    """A number in digits or in words."""
    return float(rules()["words"].get(word.lower(), 1.0 if word.lower() == "one" else 0.0) or word.replace(",", ""))


def days(number: Number) -> float | None:
    """A duration in days; None for anything else."""
    return next((number.value * size for unit, size in rules()["durations"].items() if re.fullmatch(unit, number.unit)), None)


def _number(kind: str, match: re.Match[str], text: str) -> Number | None:
    if kind == "share":
        name = re.sub("-", " ", match["n"].lower())
        return Number(rules()["shares"][name], "%", match.start(), match.end())
    amount, start, end = value(match["n"]), match.start("n"), match.end("n")
    if kind == "%":
        return Number(amount, "%", start, match.end())
    if kind == "points":
        return Number(amount, "percentage points", start, match.end())
    if kind == "rate":
        return Number(amount, "score" if compiled(r"\bscores?\b|quality of life").search(text) else "rate", start, end)
    if kind == "per":
        return Number(amount, f"per {match['base']}", start, match.end())
    if kind == "£":
        unit = f"£ per {match['each'].lower()}" if match["each"] else "£"
        return Number(amount * _MONEY_SCALE.get((match["scale"] or "").lower(), 1), unit, match.start(), match.end())
    if kind == "of":
        whole = value(match["m"])
        return Number(amount, " ".join(filter(None, (f"of {whole:g}", match["noun"]))), start, end) if amount <= whole else None
    if kind in ("wait", "range"):
        time = match["time"].lower()
        cue = rules()["long_wait" if time.startswith("year") else "wait"]
        return Number(amount, _plural(time), start, match.end()) if compiled(cue).search(text) else None
    return Number(amount, _plural(match["noun"].lower()), start, match.end())


def _plural(noun: str) -> str:
    return "hours" if noun == "hrs" else f"{noun}s" if noun in ("bed", "hour", "day", "week", "month", "year") else noun


def _bare(text: str, found: list[Number]) -> list[Number]:
    """Numbers whose noun stands elsewhere: "of 187 requests, 130 were met", "94 of these", "a further 40", "beds fell from 60 to 52"."""
    bare: list[Number] = []

    def add(amount: re.Match[str] | None, group: str, unit: str) -> None:
        if amount and not any(n.start < amount.end(group) and amount.start(group) < n.end for n in [*found, *bare]):
            bare.append(Number(value(amount[group]), unit, amount.start(group), amount.end(group)))

    parts = {name: compiled(pattern) for name, pattern in rules()["parts"].items()}
    if lead := parts["whole"].search(text):
        unit = f"of {value(lead['m']):g} {lead['noun']}"
        found[:] = [n for n in found if not lead.start() <= n.start < lead.end()]
        for amount in parts["of_whole"].finditer(text, lead.end()):
            add(amount, "n", unit)
    for amount in parts["of_which"].finditer(text):
        add(amount, "n", _before(amount.start(), found, of=True))
    for amount in parts["of_these"].finditer(text):
        add(amount, "n", (amount["noun"] or _before(amount.start(), found, of=False) or amount["of"]).lower())
    for number in tuple(found):
        if re.search(r"\bfrom $", text[max(0, number.start - 6) : number.start], re.IGNORECASE):
            add(parts["to"].match(text, number.end), "n", number.unit)
        add(parts["from"].search(text, 0, number.start), "n", number.unit)
    counted = [n for n in found if not re.match(r"[%£]|of |per |rate|score|percentage", n.unit)]
    for name in ("down_from", "more", "more_of"):
        for amount in parts[name].finditer(text):
            if unit := _before(amount.start(), counted, of=False):
                add(amount, "n", unit)
    if compiled(rules()["change"]).search(text):
        for amount in parts["from_to"].finditer(text):
            named = [match["noun"].lower() for match in parts["number_of"].finditer(text, 0, amount.start())]
            nouns = named or [match.group().lower() for match in compiled(r"\b{NOUN}\b").finditer(text, 0, amount.start())]
            for group in ("n", "n2") if nouns else ():
                add(amount, group, nouns[-1])
    return bare


def _before(position: int, found: list[Number], *, of: bool) -> str:
    """The unit of a part of the number before: its noun, or its whole."""
    earlier = [n for n in found if n.end <= position]
    if not earlier:
        return "of these" if of else ""
    last = max(earlier, key=lambda n: n.start)
    return f"of {last.value:g} {last.unit}" if of else last.unit


def _threshold(number: Number, text: str, found: list[Number]) -> bool:
    """Whether a duration only says by when: "92% of assessments within 28 days"."""
    within = re.search(r"\bwithin (?:\w+ )?$", text[max(0, number.start - 30) : number.start], re.IGNORECASE)
    if not within or days(number) is None:
        return False
    return any(other.start < number.start or other.unit == "%" or other.unit.startswith("of ") for other in found)
