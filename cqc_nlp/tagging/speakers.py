"""Whose evidence a sentence is, by its words: "Staff told us", "national data showed", and the sentences that go on.

The rules are data: ``data/speakers.json``. Where the words show a source, it is that of the statement; elsewhere it is
the model's reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from cqc_nlp.patterns import Rule, prepare
from cqc_nlp.schema import Sentence, Source, Speaker


@cache
def rules() -> dict[str, Any]:
    """``data/speakers.json``."""
    data: dict[str, Any] = json.loads(files("cqc_nlp").joinpath("data/speakers.json").read_text(encoding="utf-8"))
    return data


def speakers(sentences: Sequence[Sentence]) -> list[tuple[Speaker, ...]]:
    """The words of each sentence of a report that show whose evidence it is.

    Parameters
    ----------
    sentences : sequence of Sentence or Statement
        In order. A sentence that goes on with the account of the one before, in the same paragraph, keeps its
        speakers: one that opens "They added", or that stands inside the same quotation.

    Returns
    -------
    list of tuple of Speaker
        One a sentence, in order of the words; empty where no words show it. A source is listed once.

    Examples
    --------
    >>> from cqc_nlp import read_text, sentences
    >>> text = "Staff and providers told us that fees were fair. They added that payment was prompt."
    >>> for found in speakers(sentences(read_text(text))):
    ...     print("; ".join(map(str, found)))
    staff: "Staff and providers told us"; partners: "Staff and providers told us"
    staff: "Staff and providers told us" (carried on); partners: "Staff and providers told us" (carried on)
    """
    found: list[tuple[Speaker, ...]] = []
    account: list[Speaker] = []
    quoted, paragraph = False, None
    for sentence in sentences:
        if sentence.paragraph != paragraph:
            account, quoted, paragraph = [], False, sentence.paragraph
        goes_on = bool(account) and (quoted or _continues(sentence.text))
        own = list(_spoken(sentence))
        if goes_on:  # whoever it names now is part of the account, but for data that the account quotes
            carried = [replace(one, carried=True) for one in account]
            data = [one for one in own if one.source == Source.DATA and Source.DATA not in {other.source for other in account}]
            own = carried + data
        account = own
        quoted = bool(own) and _open_quotation(sentence.text, quoted)
        found.append(tuple(own))
    return found


def spoken_source(found: Sequence[Speaker]) -> Source | None:
    """The source that the words show: data before all else, else the first voice (codebook, part 3); None where they show none.

    Examples
    --------
    >>> from cqc_nlp import read_text, sentences
    >>> print(spoken_source(speakers(sentences(read_text("We heard from carers and staff that waits were short.")))[0]))
    people
    """
    sources = [speaker.source for speaker in found]
    if Source.DATA in sources:
        return Source.DATA
    return next((source for source in sources if source != Source.ASSESSOR), sources[0] if sources else None)


def _spoken(sentence: Sentence) -> Iterator[Speaker]:
    """The speakers that a sentence names itself, each source once."""
    text = sentence.text
    named = [(start, end, source, str(rules()["category_of"][source])) for start, end, source in _voices(text)]
    for source in (Source.DATA, Source.ASSESSOR):
        for entry in rules()[source]:
            if not entry.get("counted") or _compiled(r"\d|\bper cent\b").search(text):
                spans = [match.span() for match in _compiled(entry["pattern"]).finditer(text)]
                # Records with a figure are data, and not what the assessor read besides.
                named += [(*span, source, entry["category"]) for span in spans if span not in [other[:2] for other in named]]
    seen: set[Source] = set()
    for start, end, source, category in sorted(named, key=lambda item: item[0]):
        if source not in seen:
            seen.add(source)
            yield Speaker(source, category, text[start:end], sentence.start + start, sentence.start + end)


def _voices(text: str) -> Iterator[tuple[int, int, Source]]:
    """Where somebody speaks, and who."""
    for match in _compiled(rules()["authority"]).finditer(text):
        yield *match.span(), Source.STAFF
    says = list(_compiled(rules()["says"]).finditer(text))
    heard = list(_compiled("|".join(rules()["heard"])).finditer(text))
    groups = _groups(text) if says or heard else []
    for verb in says:
        for group in groups:
            if group.end <= verb.start() and _speaks(text, group, verb):
                yield from ((group.start, verb.end(), source) for source in group.sources)
                break
    for lead in heard:
        yield from ((lead.start(), group.end, source) for group in groups if group.start == lead.end() for source in group.sources)


class _Group(NamedTuple):
    """Names of speakers that are joined: "staff and health partners"."""

    start: int
    end: int
    sources: tuple[Source, ...]


def _groups(text: str) -> list[_Group]:
    groups: list[_Group] = []
    for match in _names().finditer(text):
        source = Source(str(match.lastgroup))
        start = match.start("before")
        if groups and _compiled(rules()["joined"]).fullmatch(text, groups[-1].end, start):
            groups[-1] = _Group(groups[-1].start, match.end(), (*groups[-1].sources, source))
        else:
            groups.append(_Group(start, match.end(), (source,)))
    return groups


def _speaks(text: str, group: _Group, verb: re.Match[str]) -> bool:
    """Whether a group is the subject of a verb of telling."""
    if _compiled(rules()["not_after"]).search(text, max(0, group.start - 10), group.start):
        return False
    between = group.end, verb.start()
    if _compiled(rf"(?:{rules()['limits']}) ").fullmatch(text, *between):
        return True
    later = group.start == 0 and _compiled(rules()["later_says"]).fullmatch(verb.group())
    return bool(later and _compiled(rules()["later"]).fullmatch(text, *between))


def _continues(text: str) -> bool:
    return any(_compiled(pattern).match(text) for pattern in rules()["carries"])


def _open_quotation(text: str, quoted: bool) -> bool:
    """Whether a quotation is still open at the end of a sentence."""
    for mark in re.findall('[“”"]', text):
        quoted = mark == "“" or (mark == '"' and not quoted)
    return quoted


@cache
def _names() -> Rule:
    """A name of a speaker, in the group of its source, after what may go before it."""
    who = {source: sorted(names, key=len, reverse=True) for source, names in rules()["who"].items()}
    groups = "|".join(rf"(?P<{source}>{'|'.join(names)})" for source, names in who.items())
    return prepare([re.compile(rf"\b(?P<before>{rules()['before']})(?:{groups})\b", re.IGNORECASE)])[0]


@cache
def _compiled(pattern: str) -> Rule:
    return prepare([re.compile(pattern.replace("{SAYS}", rules()["says"]), re.IGNORECASE)])[0]
