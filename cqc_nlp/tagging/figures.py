"""The figures of statements: numbers that are evidence, with what they are compared to.

The rules are data: ``data/figures.json`` (what is a number, a comparator, a verdict) and ``data/measures.json``
(the national measures).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

from cqc_nlp.schema import Figure, Sentence
from cqc_nlp.tagging.measures import contradiction, measures, recognise
from cqc_nlp.tagging.numbers import Number, compiled, days, numbers, rules

_LEVEL_POINTS = 2.0
"""Percentage points under which a difference that nobody judges is level (codebook, rule 5)."""
_LEVEL_SHARE = 0.02
"""The same for other units, as a share of the comparator."""
_FIRST = "England average"
"""Of several comparators the one that a figure is given."""
_NEAR_VERDICT = 60
_AT_ONCE = 15


class _Mention(NamedTuple):
    """A comparator named in a sentence, with its numbers, the span it takes up, the verdict beside it, and its figure if known."""

    name: str
    values: tuple[Number, ...]
    start: int
    end: int
    verdict: str | None
    words: str | None
    target: int | None = None


@dataclass
class _Place:
    """A sentence while its figures are being found."""

    sentence: Sentence
    numbers: list[Number]
    mentions: list[_Mention]
    source: str | None
    period: str | None
    figures: dict[int, Figure] = field(default_factory=dict)


def figures(sentences: Sequence[Sentence]) -> list[tuple[Figure, ...]]:
    """The figures of each sentence of a report.

    Parameters
    ----------
    sentences : sequence of Sentence or Statement
        In order. Sentences of one paragraph are read together: a comparator may stand in the one after.

    Returns
    -------
    list of tuple of Figure
        One a sentence, in order. A number that only serves as a comparator is not listed again.

    Examples
    --------
    >>> from cqc_nlp import read_text, sentences
    >>> text = "Only 12% of carers had a break of more than 24 hours. The England average was 16%."
    >>> figure = figures(sentences(read_text(text)))[0][0]
    >>> figure.measure, figure.comparator, figure.comparator_value, figure.direction, figure.computed
    ('SACE_BREAK_24PLUS', 'England average', 16.0, 'worse', True)
    """
    found: list[tuple[Figure, ...]] = []
    for _, paragraph in groupby(sentences, key=lambda sentence: sentence.paragraph):
        places = _read(paragraph)
        _compare(places)
        found += [tuple(place.figures[start] for start in sorted(place.figures)) for place in places]
    return found


def _read(paragraph: Iterable[Sentence]) -> list[_Place]:
    """The sentences of a paragraph with their numbers, each with its measure, source and period."""
    places: list[_Place] = []
    source = period = None
    for sentence in paragraph:
        text = sentence.text
        found = numbers(text)
        named = [name for name, pattern in rules()["sources"].items() if compiled(pattern).search(text)]
        periods = _periods(text)
        # A source named once holds until the next one, and its period with it.
        if named and named[-1] != source:
            source, period = named[-1], None
        if periods and (named or source):
            period = periods[0][0]
        place = _Place(sentence, found, _mentions(text, found), source, period)
        comparators = {number for mention in place.mentions for number in mention.values}
        for number in found:
            if number not in comparators:
                own = _nearest(periods, number) if periods else period
                place.figures[number.start] = _figure(place, number, own, named=bool(named))
        places.append(place)
    return places


def _figure(place: _Place, number: Number, period: str | None, *, named: bool = False) -> Figure:
    text = place.sentence.text
    measure = recognise(text, number.unit, number.start, place.source or "")
    # What a survey says is a share or a score; a count beside it is from elsewhere.
    carried = named or number.unit in ("%", "rate", "score") or place.source == "local authority"
    if not carried and period and period not in text:
        period = None
    offset = place.sentence.start
    return Figure(
        number.value,
        number.unit,
        measure.id if measure else None,
        period,
        place.source if carried else None,
        start=offset + number.start,
        end=offset + number.end,
    )


def _nearest(periods: list[tuple[str, int, int]], number: Number) -> str:
    """The period nearest to a number, of two the later: "from 592 in January to 529 in December"."""
    return min(periods, key=lambda p: (min(abs(p[1] - number.end), abs(p[2] - number.start)), -p[1]))[0]


def _periods(text: str) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for pattern in rules()["periods"] if compiled(r"\b{YEAR}").search(text) else ():
        for match in compiled(pattern).finditer(text):
            if not any(match.start() < end and start < match.end() for _, start, end in found):
                found.append((match.group(), match.start(), match.end()))
    return sorted(found, key=lambda period: period[1])


def _mentions(text: str, found: list[Number]) -> list[_Mention]:
    """Comparators named in a sentence, in order."""
    named = _named(text)
    mentions: list[_Mention] = []
    taken: set[Number] = set()
    for index, (start, end, name, beside) in enumerate(named):
        # "Better than the average: 90%" names no value of the average.
        values = () if name == "average" else _values(text, [n for n in found if n not in taken], start, end)
        taken.update(values)
        stop = max([end, *(n.end for n in values)])
        # Its verdict stands between what comes before and what comes after it.
        left = max([mentions[-1].end if mentions else 0, *(n.end for n in found if n.end <= start and n not in values)])
        right = min([named[index + 1][0] if index + 1 < len(named) else len(text), *(n.start for n in found if n.start >= stop)])
        verdict, words = _verdict(text, left, right, start, stop)
        if values or (verdict and not beside):
            mentions.append(_Mention(name, values, min([start, *(n.start for n in values)]), stop, verdict, words))
    return [*mentions, *_earlier(text, found, taken)]


def _named(text: str) -> list[tuple[int, int, str, bool]]:
    """Where a sentence names comparators; the "England" in the name of a survey is none."""
    spans: list[tuple[int, int, str, bool]] = []
    for kind in ("comparators", "beside", "times"):
        for name, pattern in rules()[kind].items():
            for match in compiled(rf"\b(?:{pattern})").finditer(text):
                if not any(start < match.end() and match.start() < end for start, end, *_ in spans):
                    spans.append((*match.span(), name, kind != "comparators"))
    surveys = [match.span() for pattern in rules()["sources"].values() for match in compiled(pattern).finditer(text)] if spans else []
    return sorted(span for span in spans if not any(start < span[1] and span[0] < end for start, end in surveys))


def _values(text: str, found: list[Number], start: int, end: int) -> tuple[Number, ...]:
    """The number or numbers of a comparator: after its name, else right before it."""
    after = [n for n in found if n.start >= end]
    # "Both were below the average, at 9% and 24%": the numbers are the authority's own.
    own = re.match(r", at\b", text[end:])
    if after and not own and compiled(rules()["after_mention"]).fullmatch(text, end, after[0].start):
        values = [after[0]]
        for number in after[1:]:  # "averages of 46%, 16% and 12%"
            if re.fullmatch(r",? and |, ", text[values[-1].end : number.start]) and compiled(rules()["several"]).search(text, start, end):
                values.append(number)
        if len(after) > 1 and len(values) == 1 and re.match(r"[^.;]{0,12}\brespectively", text[after[1].end :]):
            return (after[1],)  # "fewer than in England (6% and 8% respectively)"
        return tuple(values)
    before = [n for n in found if n.end <= start]
    if before and compiled(rules()["before_mention"]).fullmatch(text, before[-1].end, start):
        return (before[-1],)
    return ()


def _verdict(text: str, left: int, right: int, start: int, end: int) -> tuple[str | None, str | None]:
    """The report's own verdict nearest to a comparator, and its words."""
    best: tuple[int, str, str] | None = None
    for pattern, direction in rules()["verdicts"]:
        for match in compiled(rf"\b(?:{pattern})\b").finditer(text, left, right):
            distance = start - match.end() if match.end() <= start else match.start() - end
            near = _AT_ONCE if direction in ("high", "low") else _NEAR_VERDICT
            # The list runs from the most to the least particular, so a later one must be strictly nearer.
            if 0 <= distance <= near and (best is None or (distance < best[0] and match.group() not in best[2])):
                best = (distance, direction, match.group())
    return (best[1], re.sub(r" (?:than|to|with)$", "", best[2])) if best else (None, None)


def _earlier(text: str, found: list[Number], taken: set[Number]) -> list[_Mention]:
    """Comparisons with an earlier time: "up from 34% the year before", "from 592 in January to 529 in December"."""
    mentions: list[_Mention] = []
    free = [n for n in found if n not in taken]
    changed = compiled(rules()["change"]).search(text)
    name = "previous year" if compiled(rules()["earlier"]).search(text) else "earlier period"
    then = rf"{rules()['earlier']}|{{N}} years (?:earlier|before|ago)|{{YEAR}}|{{MONTH}} {{YEAR}}"
    for index, number in enumerate(free):
        before, after = text[: number.start].rstrip(), text[number.end :]
        follows = free[index + 1] if index + 1 < len(free) else None
        compared = compiled(rules()["compared_before"]).search(before)
        since = compiled(rf"^(?: in| for)?(?: the same \w+ (?:of|in))?(?: the| a)? (?:{then})").search(after)
        if not (before.endswith(" from") and changed) and not (compared and since):
            continue
        to = follows and compiled(rules()["to"]).fullmatch(text, number.end, follows.start)
        target = follows if to else free[index - 1] if index else None
        if target and target not in taken and _comparable(target, number):
            judged = ((compiled(pattern).search(text), direction) for pattern, direction in rules()["change_verdicts"])
            verdict, words = next(((direction, match.group()) for match, direction in judged if match), (None, None))
            span = min(number.start, target.start), max(number.end, target.end)
            mentions.append(_Mention(name, (number,), *span, verdict, words, target.start))
            taken.add(number)
    return mentions


def _comparable(first: Number, second: Number) -> bool:
    return first.unit == second.unit or (days(first) is not None and days(second) is not None)


def _compare(places: list[_Place]) -> None:
    """Give each comparator of a paragraph to its figure or figures."""
    standing: _Mention | None = None
    for index, place in enumerate(places):
        # A verdict with no number of its own ("slightly better than the England averages") holds for the figures that follow.
        if standing and place.figures and not place.mentions:
            for start in place.figures:
                place.figures[start] = _compared(place, start, standing, None)
        else:
            standing = None
        for mention in place.mentions:
            targets = _targets(places, index, mention)
            for (at, start), value in targets:
                places[at].figures[start] = _compared(places[at], start, mention, value)
            if not targets and mention.values:
                if not _again(places, index, mention):
                    _alone(place, mention)
            elif not targets and not place.figures:
                standing = mention
            _share(place, mention)


_Target = tuple[tuple[int, int], Number | None]


def _targets(places: list[_Place], index: int, mention: _Mention) -> list[_Target]:
    """The figures that a comparator belongs to, as sentence and place in it, each with the comparator's value.

    They stand before it in its sentence; else after it; else in the sentence before, if this one continues it; else in the next.
    """
    text = places[index].sentence.text
    values: tuple[Number | None, ...] = mention.values or (None,)
    if mention.target is not None:
        return [((index, mention.target), values[0])] if mention.target in _free(places[index], mention) else []
    free = _free(places[index], mention)
    before = [start for start in free if start < mention.start]
    if before:
        if mention.values:
            return _paired(index, before, values)
        together = compiled(rules()["together"]).search(text, before[-1], mention.end)
        return [((index, start), None) for start in (before if together else before[-1:])]
    after = [start for start in free if start not in before]
    between = text[mention.end : after[0]] if after else ""
    if after and not compiled(rules()["shared"]).search(between) and (not _past(mention) or compiled(rules()["then_now"]).search(between)):
        several = not mention.values and compiled(rules()["together"]).search(text, 0, mention.end)
        return [((index, start), values[0]) for start in (after if several else after[:1])]
    own = recognise(text, "%", mention.start, places[index].source or "")
    continues = compiled(rules()["continues"]).match(text)
    if index and (continues or own):
        last = [
            start
            for start in _free(places[index - 1], mention)
            if own is None or places[index - 1].figures[start].measure in ((None, own.id) if continues else (own.id,))
        ]
        if last:
            return _paired(index - 1, last, values)
    following = places[index + 1] if index + 1 < len(places) else None
    if mention.values and following and not following.mentions and mention.verdict is None:
        return [((index + 1, start), values[0]) for start in _free(following, mention)[:1]]
    return []


def _past(mention: _Mention) -> bool:
    return mention.name in rules()["times"]


def _free(place: _Place, mention: _Mention) -> list[int]:
    """The figures of a sentence that have no comparator yet and have the unit of this one."""
    return [
        start
        for start, figure in sorted(place.figures.items())
        if (figure.comparator is None or (mention.name == _FIRST and figure.comparator != _FIRST))
        and figure.unit != "percentage points"  # a gap, which is not compared itself
        and (not mention.values or _comparable(_number(figure), mention.values[0]))
    ]


def _paired(index: int, starts: list[int], values: tuple[Number | None, ...]) -> list[_Target]:
    """The last figures with the values, in order: "46% and 30%, against averages of 40% and 35%"."""
    return list(zip([(index, start) for start in starts[-len(values) :]], values, strict=False))


def _again(places: list[_Place], index: int, mention: _Mention) -> bool:
    """Note a further comparator on the figure before, if that has one already."""
    at = [(index, start) for start in places[index].figures if start < mention.start]
    if not at and index and compiled(rules()["continues"]).match(places[index].sentence.text):
        at = [(index - 1, start) for start in places[index - 1].figures]
    compared = [
        (i, start)
        for i, start in at
        if places[i].figures[start].comparator and _comparable(_number(places[i].figures[start]), mention.values[0])
    ]
    if not compared:
        return False
    i, start = max(compared)
    figure = places[i].figures[start]
    places[i].figures[start] = replace(figure, note=_notes(figure.note, _also(mention.name, mention.values[0].value)))
    return True


def _also(name: str, value: float | None) -> str:
    return f"Also compared with the {name}{'' if value is None else f' ({value:g})'}."


def _alone(place: _Place, mention: _Mention) -> None:
    """A comparator that no figure is compared to is a figure itself: the authority's own number is not given."""
    for number in mention.values:
        if _past(mention):
            place.figures[number.start] = _figure(place, number, place.period)
            continue
        period = next((figure.period for figure in place.figures.values()), place.period)
        own = _figure(place, number, period)
        note = _notes(f"This is the {mention.name}: the authority's own number is not given.", _known(own, mention, number.value))
        level = mention.verdict == "level"
        place.figures[number.start] = replace(
            own,
            comparator=mention.name,
            comparator_value=number.value,
            direction="level" if level else None,
            significance=mention.words if level else None,
            note=note,
        )


def _share(place: _Place, mention: _Mention) -> None:
    """Let "as was the sickness rate of 6.7%" share the verdict before it."""
    following = [start for start in _free(place, mention) if start >= mention.end]
    if following and compiled(rules()["shared"]).search(place.sentence.text, mention.end, following[0]):
        place.figures[following[0]] = _compared(place, following[0], mention, None)


def _compared(place: _Place, start: int, mention: _Mention, value: Number | None) -> Figure:
    """The figure with its comparator and its direction: the report's own verdict first, else worked out."""
    figure = place.figures[start]
    number = _number(figure)
    other = _in_unit(value, number) if value else None
    better = _better(place.sentence.text, start, figure)
    gap = _direction(number, other, better) if other is not None else None
    judged = mention.verdict in ("better", "worse", "level")
    direction, computed, note = mention.verdict if judged else gap, not judged and gap is not None, ""
    if judged and gap and {gap, mention.verdict} == {"better", "worse"}:
        note = f"The report's verdict and the two numbers point different ways: by the numbers it is {gap}."
    if mention.verdict in ("high", "low") and better and (other is None or compiled(rules()["judged"]).search(mention.words or "")):
        direction, judged = ("better" if (mention.verdict == "high") == (better == "higher") else "worse"), other is not None
        computed = not judged
    if computed:
        note = "Worked out from the two numbers: a raw gap is not a finding."
        if other is None:
            note = f"Worked out from “{mention.words}”: the report gives no number for it and no verdict."
    significance = mention.words if judged else None
    return replace(
        figure,
        comparator=mention.name,
        comparator_value=other,
        direction=direction,
        significance=significance,
        computed=computed,
        note=_notes(note, _known(figure, mention, other), _also(figure.comparator, figure.comparator_value) if figure.comparator else ""),
    )


def _direction(number: Number, other: float, better: str | None) -> str | None:
    margin = _LEVEL_POINTS if number.unit == "%" else abs(other) * _LEVEL_SHARE
    # Of two decimals printed, a difference of exactly two points must not turn on binary fractions.
    if round(abs(number.value - other), 6) < margin or number.value == other:
        return "level"
    if better is None:
        return None
    return "better" if (number.value > other) == (better == "higher") else "worse"


def _better(text: str, place: int, figure: Figure) -> str | None:
    """Whether more or less of it is better for people: by its measure, else by the wording nearest to it."""
    if figure.measure:
        return measures()[figure.measure].better
    if days(_number(figure)) is not None and figure.unit != "hours":
        return "lower"
    found = [
        (min(abs(match.start() - place), abs(match.end() - place)), direction)
        # More of something counted is rarely better in itself.
        for direction in ("lower", "higher")[: 2 if figure.unit in ("%", "rate", "score") else 1]
        for match in compiled(rules()[f"{direction}_is_better"]).finditer(text)
    ]
    return min(found)[1] if found else None


def _known(figure: Figure, mention: _Mention, value: float | None) -> str:
    """A note if a quoted England average is not the known one."""
    if figure.measure is None or value is None or mention.name not in ("England average", "national average"):
        return ""
    return contradiction(measures()[figure.measure], figure.year, value)


def _in_unit(value: Number, number: Number) -> float:
    """A comparator in the unit of its figure: "two weeks, down from three months"."""
    own, other = days(number), days(value)
    if value.unit == number.unit or not own or other is None:
        return value.value
    return round(other / (own / number.value), 1)


def _number(figure: Figure) -> Number:
    return Number(figure.value, figure.unit, figure.start, figure.end)


def _notes(*notes: str) -> str:
    return " ".join(filter(None, notes))
